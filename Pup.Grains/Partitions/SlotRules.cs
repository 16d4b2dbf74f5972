namespace Pup.Grains.Partitions;

/// <summary>Who may take a slot.</summary>
internal static class SlotRules
{
    /// <summary>
    /// The first slot of a projection is anybody's. For each further one it leaves a slot to every other that has none, up to half of
    /// all: so a projection whose statements hang, on a lock that somebody holds, keeps nobody else from going on.
    /// </summary>
    /// <param name="free">Slots that nobody has.</param>
    /// <param name="workers">All slots.</param>
    /// <param name="held">Slots that the projection has.</param>
    /// <param name="without">Other projections that have none.</param>
    public static bool MayTake(int free, int workers, int held, int without) => free > (held == 0 ? 0 : Math.Min(without, workers / 2));
}
