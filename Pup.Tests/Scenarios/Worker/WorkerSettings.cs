namespace Pup.Tests.Scenarios.Worker;

/// <summary>What a worker process is to run.</summary>
internal sealed record WorkerSettings
{
    public required string ConnectionString { get; init; }

    /// <summary>Only the ledger, instead of all four projections.</summary>
    public bool LedgerOnly { get; init; }

    public int LedgerPartitions { get; init; } = 4;

    /// <summary>Partitions of the other projections. A worker runs as many even where there are fewer by now.</summary>
    public int Partitions { get; init; } = 3;

    public int BatchSize { get; init; } = 100;

    /// <summary>The ledger's handler says so on standard output when it comes to this position, and goes on when it is told to.</summary>
    public long? HaltAt { get; init; }

    /// <summary>Whether it then has the transaction open, with the row locked.</summary>
    public bool HaltLive { get; init; }

    /// <summary>The ledger's handler ends the process at this position.</summary>
    public long? DieAt { get; init; }
}
