namespace Pup.Tests.Scenarios.Chaos;

/// <summary>What a run has come to, in one line.</summary>
internal sealed record ChaosReport(int Seed, TimeSpan Duration)
{
    /// <summary>Faults that met events not yet applied, by kind.</summary>
    public Dictionary<FaultKind, int> Counted { get; } = [];

    /// <summary>Faults that met nothing to disturb, or did not come about.</summary>
    public int Uncounted { get; set; }

    public int Restarts { get; set; }

    public TimeSpan SlowestRecovery { get; set; }

    public int MostConnections { get; set; }

    public long Events { get; set; }

    public long Lost { get; set; }

    public long Twice { get; set; }

    public long OutOfOrder { get; set; }

    /// <summary>Aggregates of which a folding read model holds something else than the log.</summary>
    public int Wrong { get; set; }

    public int All => Counted.Values.Sum();

    public int OnServer => Counted.Where(static counted => Faults.IsOnServer(counted.Key)).Sum(static counted => counted.Value);

    public override string ToString() =>
        $"chaos: {All} faults counted, {OnServer} of them on PostgreSQL ({string.Join(", ", Counted.OrderBy(static counted => counted.Key).Select(static counted => $"{counted.Key} {counted.Value}"))}; "
        + $"{Uncounted} met nothing), {Restarts} silos started again, all partitions on after {SlowestRecovery.TotalSeconds:0.0} s at most, {MostConnections} connections of a silo at most, "
        + $"{Duration.TotalMinutes:0.0} min, seed {Seed}: {Events} events, {Lost} lost, {Twice} twice, {OutOfOrder} out of order, {Wrong} wrong aggregates in other read models";
}
