namespace Pup.Tests.Support;

/// <summary>How a test's own server differs from the shared one.</summary>
public sealed record PostgresServerOptions
{
    /// <summary>Off by default: a stopped server loses nothing by it, only a stopped machine does.</summary>
    public bool Fsync { get; init; }

    /// <summary>A small file system that the server sees at its path.</summary>
    public SmallDisk? Disk { get; init; }

    /// <summary>Whether its write-ahead log is there; all else is where it always is.</summary>
    public bool HasWalOnDisk { get; init; }

    /// <summary>Settings beyond the usual, as in postgresql.conf.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
