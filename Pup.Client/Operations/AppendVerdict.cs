namespace Pup.Client.Operations;

/// <summary>What a look means for who waits for an append. Pure.</summary>
internal static class AppendVerdict
{
    /// <param name="look">What the database says.</param>
    /// <param name="isApplied">Whether the read model shows a share.</param>
    /// <returns>How the wait ends; null while there is reason to wait.</returns>
    public static WaitResult? Of(AppendLook look, Func<AppendShare, bool> isApplied)
    {
        // Before all else: who owned the event may have been decided by another key or scope than that of the code which is asked.
        if (look.State == "needs_rebuild")
            return Stopped("needs a rebuild", look.Reason);
        if (look.DeadLetter is not null)
            return new WaitResult(WaitOutcome.Parked, look.DeadLetter);
        var behind = look.Shares.Where(share => !isApplied(share)).ToList();
        if (behind.Count == 0)
            return new WaitResult(WaitOutcome.Applied);
        if (look.State is not ("running" or "rebuilding"))
            return Stopped($"is {look.State.Replace('_', ' ')}", look.Reason);

        // Where the keys are not known, a partition that goes on may be the one that matters.
        return behind.Find(static share => share.Fault is not null) is { } stopped && (stopped.Hash is not null || behind.All(static share => share.Fault is not null))
            ? new WaitResult(WaitOutcome.Stopped, stopped.Fault)
            : null;
    }

    /// <summary>How far those are who have not applied it.</summary>
    public static string Describe(AppendLook look, Func<AppendShare, bool> isApplied)
    {
        var behind = look.Shares.Where(share => !isApplied(share)).ToList();
        return behind is [var first, ..]
            ? $"{behind.Select(static share => share.Partition).Distinct().Count()} of {look.Partitions} partitions have not applied it; "
                + $"partition {first.Partition} is at {(first.Stored is { } stored ? $"position {stored}" : "no checkpoint")}, the append at {first.Position}."
            : "";
    }

    private static WaitResult Stopped(string how, string? reason) =>
        new(WaitOutcome.Stopped, $"The projection {how}{(reason is null ? "." : $": {reason}")}");
}
