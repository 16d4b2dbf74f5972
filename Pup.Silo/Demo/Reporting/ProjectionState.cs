namespace Pup.Silo.Demo.Reporting;

/// <summary>How far the projections are.</summary>
/// <param name="LogEnd">Greatest position of the log.</param>
/// <param name="Position">The lowest position of any partition of any projection.</param>
/// <param name="Total">Sum over the projections of their lowest positions.</param>
/// <param name="Projections">How many projections there are.</param>
/// <param name="Trouble">What went wrong, in a line; null when nothing did.</param>
internal sealed record ProjectionState(long LogEnd, long Position, long Total, int Projections, string? Trouble)
{
    public long Lag => Math.Max(0, LogEnd - Position);
}
