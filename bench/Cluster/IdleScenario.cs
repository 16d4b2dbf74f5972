using System.Diagnostics;
using System.Globalization;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;
using Pup.Grains;
using Pup.Silo.Clustering;

namespace Pup.Bench.Cluster;

/// <summary>Two silos with many partitions and no events, against two silos without projections.</summary>
internal sealed class IdleScenario(IdleSettings settings, Progress progress)
{
    // What the start left to do, compiling first of all, is over then, and the looks are as rare as they get.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(35);

    private const string Statements = "select coalesce(sum(calls), 0)::bigint from pg_stat_statements where query not like '%pg_stat_%' and dbid = (select oid from pg_database where datname = current_database())";

    private const string Busiest = """
        select string_agg(calls || ' × ' || left(regexp_replace(query, '\s+', ' ', 'g'), 90), E'\n') from (
            select calls, query from pg_stat_statements where query not like '%pg_stat_%' and dbid = (select oid from pg_database where datname = current_database())
            order by calls desc limit 12) as busiest
        """;

    private const string Connections = "select count(*) from pg_stat_activity where application_name in ('pup', 'pup cluster') and datname = current_database()";

    private const string Running = "select count(*) from projection_partitions where silo is not null";

    public async Task<IdleResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken, "shared_preload_libraries=pg_stat_statements", "pg_stat_statements.max=5000");
        await Seed.RunAsync(database, 0, cancellationToken);
        await database.ExecuteAsync("create extension pg_stat_statements", cancellationToken);
        var arena = new ClusterArena(database);

        var (without, _) = await WithSilosAsync(database, ChildRole.EmptySilo, async silos =>
        {
            await arena.JoinedAsync(silos, cancellationToken);
            await Task.Delay(s_warmUp, cancellationToken);
            return (await MeasureAsync(database, silos, cancellationToken)).Cpu;
        }, cancellationToken);
        progress.Say(string.Create(CultureInfo.InvariantCulture, $"without projections: {without} points of a core"));

        var ((all, spreadAfter, spread, measured), connections) = await WithSilosAsync(database, ChildRole.ClusterSilo, async silos =>
        {
            await arena.JoinedAsync(silos, cancellationToken);
            var up = Stopwatch.GetTimestamp();
            await arena.UntilAsync(async () => await arena.ScalarAsync<long>(Running, cancellationToken) == settings.Partitions, "every partition runs", cancellationToken);
            var all = Math.Round(Stopwatch.GetElapsedTime(up).TotalSeconds, 2);
            var atFirst = string.Join(" / ", await arena.SpreadAsync(silos, cancellationToken));
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"all {settings.Partitions} partitions run after {all} s: {atFirst}"));
            await arena.UntilAsync(async () => await arena.SpreadAsync(silos, cancellationToken) is [var one, var two] && Math.Abs(one - two) <= 1, "the partitions are spread evenly", cancellationToken);
            var spreadAfter = Math.Round(Stopwatch.GetElapsedTime(up).TotalSeconds, 2);
            var spread = string.Join(" / ", await arena.SpreadAsync(silos, cancellationToken));
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"spread {spread} after {spreadAfter} s"));
            await Task.Delay(s_warmUp, cancellationToken);
            var measured = await MeasureAsync(database, silos, cancellationToken);
            progress.Say(await database.ScalarAsync<string>(Busiest, cancellationToken));
            return (all, spreadAfter, spread, measured);
        }, cancellationToken);

        var cluster = new ClusterSettings();
        return new IdleResult
        {
            Partitions = settings.Partitions,
            AllRunSeconds = all,
            SpreadSeconds = spreadAfter,
            Spread = spread,
            StatementsPerSecond = measured.Statements,
            CpuPoints = measured.Cpu,
            CpuPointsWithoutProjections = without,
            Connections = connections,
            ConnectionBudget = 2 * ((new PupOptions().Workers * 2) + 3 + cluster.ClusterConnections),
        };
    }

    private async Task<(T Result, long Connections)> WithSilosAsync<T>(
        BenchDatabase database, string role, Func<List<SiloChild>, Task<T>> measure, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = Task.Run(() => WatchConnectionsAsync(database, stop.Token), cancellationToken);
        List<SiloChild> silos = [];
        try
        {
            for (var index = 0; index < 2; index++)
                silos.Add(SiloChild.Start(database.ConnectionString, role, string.Create(CultureInfo.InvariantCulture, $"--total-partitions={settings.Partitions}")));
            var result = await measure(silos);
            await stop.CancelAsync();
            return (result, await watching);
        }
        finally
        {
            foreach (var silo in silos)
            {
                silo.Signal("TERM");
                await silo.ExitAsync(cancellationToken);
                await silo.DisposeAsync();
            }
        }
    }

    private async Task<(double Statements, double Cpu)> MeasureAsync(BenchDatabase database, List<SiloChild> silos, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("select pg_stat_statements_reset()", cancellationToken);
        var (clock, used, calls) = (Stopwatch.GetTimestamp(), Used(silos), await database.ScalarAsync<long>(Statements, cancellationToken));
        await Task.Delay(TimeSpan.FromSeconds(settings.Seconds), cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        return (
            Math.Round((await database.ScalarAsync<long>(Statements, cancellationToken) - calls) / seconds, 1),
            Math.Round(100 * (Used(silos) - used).TotalSeconds / seconds, 2));
    }

    private static TimeSpan Used(List<SiloChild> silos) => silos.Aggregate(TimeSpan.Zero, (sum, silo) => sum + silo.ProcessorTime());

    private static async Task<long> WatchConnectionsAsync(BenchDatabase database, CancellationToken cancellationToken)
    {
        var most = 0L;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        try
        {
            do
                most = Math.Max(most, await database.ScalarAsync<long>(Connections, cancellationToken));
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
        }

        return most;
    }
}
