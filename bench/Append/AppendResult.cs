namespace Pup.Bench.Append;

/// <summary>Medians in appends per second, one event and one transaction each.</summary>
internal sealed record AppendResult
{
    public string Scenario => "append";

    public required int Writers { get; init; }

    public required double WithoutSilo { get; init; }

    public required double WithSilo { get; init; }

    /// <summary>What is left of the appends while a silo reads and projects them on the same machine.</summary>
    public double Ratio => Math.Round(WithSilo / WithoutSilo, 3);

    public required int Alternations { get; init; }
}
