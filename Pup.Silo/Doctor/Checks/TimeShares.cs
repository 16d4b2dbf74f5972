using Pup.Client;

namespace Pup.Silo.Doctor.Checks;

/// <summary>Where the time of a projection's partitions went, in percent.</summary>
internal sealed record TimeShares(int Handler, int Commit, int Wait)
{
    /// <summary>Between two times at which silos were asked or, if nothing ended in between, since the silos started the partitions.</summary>
    /// <returns>Null when no silo told.</returns>
    public static TimeShares? Of(string projection, IReadOnlyList<PartitionStatus> before, IReadOnlyList<PartitionStatus> after)
    {
        var former = before.Where(status => status.Projection == projection).ToDictionary(static status => (status.Partition, status.Silo));
        var now = after.Where(status => status.Projection == projection).ToList();
        return Of(now.Select(status => former.TryGetValue((status.Partition, status.Silo), out var then)
                ? (status.HandlerTime - then.HandlerTime, status.CommitTime - then.CommitTime, status.WaitTime - then.WaitTime)
                : (status.HandlerTime, status.CommitTime, status.WaitTime)))
            ?? Of(now.Select(static status => (status.HandlerTime, status.CommitTime, status.WaitTime)));
    }

    private static TimeShares? Of(IEnumerable<(TimeSpan Handler, TimeSpan Commit, TimeSpan Wait)> times)
    {
        var (handler, commit, wait) = (0d, 0d, 0d);
        foreach (var time in times)
            (handler, commit, wait) = (handler + time.Handler.TotalSeconds, commit + time.Commit.TotalSeconds, wait + time.Wait.TotalSeconds);
        var all = handler + commit + wait;
        return all <= 0 ? null : new TimeShares(Percent(handler / all), Percent(commit / all), Percent(wait / all));
    }

    private static int Percent(double share) => (int)Math.Round(100 * share);
}
