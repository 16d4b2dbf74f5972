namespace Pup.Silo.Doctor.Checks;

/// <summary>How vacuum fares with a table.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Live">Rows.</param>
/// <param name="Dead">Row versions that nobody can see any more.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="SinceVacuum">Since it was last vacuumed; null if it never was.</param>
internal sealed record TableFacts(string Table, long Live, long Dead, long Bytes, TimeSpan? SinceVacuum);
