using System.Diagnostics;
using System.Globalization;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;

namespace Pup.Bench.Cluster;

/// <summary>Three silos under steady appends lose one to a kill, a stop and a freeze, and are then restarted one after another.</summary>
internal sealed class FailoverScenario(FailoverSettings settings, Progress progress)
{
    public async Task<FailoverResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken);
        await Seed.RunAsync(database, 0, cancellationToken);
        await database.ExecuteAsync(ClusterArena.Journal, cancellationToken);
        var arena = new ClusterArena(database);
        var silos = new List<SiloChild>();
        using var quiet = new CancellationTokenSource();
        var appending = Task.Run(() => AppendAsync(arena, quiet.Token), cancellationToken);
        try
        {
            for (var index = 0; index < 3; index++)
                silos.Add(Start(database));
            var (kill, terminate, freeze) = (await LoseAsync("KILL"), await LoseAsync("TERM"), await LoseAsync("STOP"));
            var (rolling, unowned, starts) = await RollAsync(database, arena, silos, cancellationToken);
            await quiet.CancelAsync();
            await appending;
            await arena.AllAdvanceAsync(silos, cancellationToken);
            return new FailoverResult
            {
                Partitions = settings.Partitions,
                AppendsPerSecond = settings.Rate,
                KillSeconds = kill,
                TerminateSeconds = terminate,
                FreezeSeconds = freeze,
                RollingUnownedSeconds = unowned,
                RollingStartsPerRestart = starts,
                RollingSeconds = rolling,
                Valid = await database.ScalarAsync<bool>("select (select count(*) from events) = (select sum(events) from order_totals) and not exists (select from order_totals where events <> 1)", cancellationToken),
            };
        }
        finally
        {
            foreach (var silo in silos)
                await silo.DisposeAsync();
        }

        async Task<double> LoseAsync(string signal)
        {
            await arena.JoinedAsync(silos, cancellationToken);
            await arena.AllAdvanceAsync(silos, cancellationToken);
            var lost = silos[0];
            await arena.UntilAsync(async () => (await arena.SpreadAsync([lost], cancellationToken))[0] > 0, "the silo that is to be lost has partitions", cancellationToken);
            lost.Signal(signal);
            var seconds = await arena.AllAdvanceAsync(silos[1..], cancellationToken);
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"{signal}: {seconds} s"));
            await lost.DisposeAsync();
            silos.RemoveAt(0);
            silos.Add(Start(database));
            return seconds;
        }
    }

    private async Task<(double Seconds, double Unowned, double Starts)> RollAsync(
        BenchDatabase database, ClusterArena arena, List<SiloChild> silos, CancellationToken cancellationToken)
    {
        await SpreadAsync(arena, silos, cancellationToken);
        await database.ExecuteAsync("truncate ownership_journal", cancellationToken);
        var clock = Stopwatch.GetTimestamp();
        for (var restart = 0; restart < 3; restart++)
        {
            silos[0].Signal("TERM");
            await silos[0].ExitAsync(cancellationToken);
            await silos[0].DisposeAsync();
            silos.RemoveAt(0);
            silos.Add(Start(database));
            await arena.JoinedAsync(silos, cancellationToken);
            await arena.AllAdvanceAsync(silos, cancellationToken);
        }

        var seconds = Math.Round(Stopwatch.GetElapsedTime(clock).TotalSeconds, 1);
        // What moves to the newcomers once they have settled is part of the price.
        await SpreadAsync(arena, silos, cancellationToken);
        var unowned = await database.ScalarAsync<double>("""
            select coalesce(max(extract(epoch from at - former)), 0)::float8
            from (select taken, at, lag(at) over w as former, lag(taken) over w as was_taken from ownership_journal window w as (partition by partition order by at)) as j
            where taken and not was_taken
            """, cancellationToken);
        var starts = await database.ScalarAsync<double>("select coalesce(max(taken), 0)::float8 / 3 from (select count(*) filter (where taken) as taken from ownership_journal group by partition) as j", cancellationToken);
        return (seconds, Math.Round(unowned, 3), Math.Round(starts, 2));
    }

    private async Task SpreadAsync(ClusterArena arena, List<SiloChild> silos, CancellationToken cancellationToken)
    {
        await arena.JoinedAsync(silos, cancellationToken);
        await arena.AllAdvanceAsync(silos, cancellationToken);
        await arena.UntilAsync(
            async () => await arena.SpreadAsync(silos, cancellationToken) is var shares && shares.Sum() == settings.Partitions && shares.Max() - shares.Min() <= 1, "the partitions are spread evenly", cancellationToken);
        progress.Say($"{settings.Partitions} partitions: {string.Join(" + ", await arena.SpreadAsync(silos, cancellationToken))}");
    }

    private SiloChild Start(BenchDatabase database) => SiloChild.Start(
        database.ConnectionString, ChildRole.ClusterSilo, string.Create(CultureInfo.InvariantCulture, $"--total-partitions={settings.Partitions}"));

    private async Task AppendAsync(ClusterArena arena, CancellationToken quiet)
    {
        var start = Stopwatch.GetTimestamp();
        for (var number = 0L; !quiet.IsCancellationRequested; number++)
        {
            var due = TimeSpan.FromSeconds(number / (double)settings.Rate) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
                await Task.Delay(due, CancellationToken.None);
            await arena.AppendAsync(CancellationToken.None);
        }
    }
}
