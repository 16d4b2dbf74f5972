namespace Pup.Silo.Demo.Reporting;

/// <summary>One projection as it stands in the database.</summary>
internal sealed record ProjectionRow(string Name, string State, int Partitions, long Position, long LogEnd, long DeadLetters, string? Error, string? Fault)
{
    public long Lag => Math.Max(0, LogEnd - Position);

    public string? Trouble =>
        Fault is not null ? $"Projection '{Name}' stopped: {Fault}"
        : DeadLetters > 0 ? $"Projection '{Name}' has {DeadLetters} parked event(s): {Error}"
        : State != "running" ? $"Projection '{Name}' is not running: its state is '{State.Replace('_', ' ')}'."
        : null;
}
