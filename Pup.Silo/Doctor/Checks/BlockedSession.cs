namespace Pup.Silo.Doctor.Checks;

/// <summary>One of Pup's sessions that waits for a lock, and one that stands in its way.</summary>
/// <param name="Waiting">The waiting session.</param>
/// <param name="Waits">How long its statement has been running.</param>
/// <param name="Table">The table, where it is known.</param>
/// <param name="Blocker">The session in its way; 0 for a prepared transaction.</param>
/// <param name="Application">That session's application name.</param>
/// <param name="State">What it does; null where it may not be seen.</param>
/// <param name="TransactionAge">Age of its transaction; null where it may not be seen.</param>
/// <param name="QueryAge">Age of its statement, or since when it is idle; null where it may not be seen.</param>
internal sealed record BlockedSession(
    int Waiting, TimeSpan Waits, string? Table, int Blocker, string? Application, string? State, TimeSpan? TransactionAge, TimeSpan? QueryAge);
