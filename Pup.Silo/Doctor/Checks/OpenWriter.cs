namespace Pup.Silo.Doctor.Checks;

/// <summary>A transaction that may still write to the log.</summary>
/// <param name="Transaction">Its virtual transaction id.</param>
/// <param name="Pid">Its session; null for a prepared transaction.</param>
/// <param name="Application">The session's application name.</param>
/// <param name="State">What the session does; null where it may not be seen.</param>
/// <param name="PreparedAs">The name it was prepared under.</param>
/// <param name="Age">How long it has been open; null where it may not be seen.</param>
internal sealed record OpenWriter(string Transaction, int? Pid, string? Application, string? State, string? PreparedAs, TimeSpan? Age);
