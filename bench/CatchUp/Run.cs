namespace Pup.Bench.CatchUp;

/// <summary>One run: its speed, and what an event cost this process in processor time and allocated bytes.</summary>
internal sealed record Run(double EventsPerSecond, double Microseconds, double Bytes)
{
    public override string ToString() => $"{EventsPerSecond:N0} events/s, {Microseconds:N1} µs and {Bytes:N0} bytes of the client an event";
}
