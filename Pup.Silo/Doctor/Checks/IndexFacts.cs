namespace Pup.Silo.Doctor.Checks;

/// <summary>An index of the schema.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Name">Its name.</param>
/// <param name="Columns">The names of its leading columns, in order; empty where an expression leads.</param>
/// <param name="IsValid">Whether it may be used.</param>
/// <param name="IsWhole">Whether it covers all rows.</param>
/// <param name="IsConstraint">Whether it is unique or a key, so that nobody need read it.</param>
/// <param name="Scans">How often it was used since the statistics began.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record IndexFacts(string Table, string Name, IReadOnlyList<string> Columns, bool IsValid, bool IsWhole, bool IsConstraint, long Scans, long Bytes);
