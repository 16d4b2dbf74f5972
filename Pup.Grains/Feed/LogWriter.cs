namespace Pup.Grains.Feed;

/// <summary>A transaction that holds the lock which every INSERT, COPY and MERGE into the log takes before it takes a position.</summary>
/// <param name="VirtualTransaction">Its virtual transaction id: unique while the server is up.</param>
/// <param name="Pid">Its backend; null for a prepared transaction.</param>
internal readonly record struct LogWriter(string VirtualTransaction, int? Pid);
