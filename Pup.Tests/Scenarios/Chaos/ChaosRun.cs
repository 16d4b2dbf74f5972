using System.Diagnostics;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>Three silos, writers, and fault after fault; then the invariants. Without a network, packets are never dropped.</summary>
internal sealed class ChaosRun(PostgresServer server, TestDatabase database, SiloNetwork? network, ChaosPlan plan, int seed, Random random) : IAsyncDisposable
{
    // Silos that have events to apply.
    private const string BusySql = """
        select coalesce(array_agg(distinct split_part(o.silo, '@', 1)), '{}')
        from projections p cross join lateral generate_series(0, p.partitions - 1) as index
        join projection_checkpoints c on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || index end
        join projection_partitions o on o.projection_name = p.name and o.partition = index
        where c.last_global_position < (select max(global_position) from events) and o.silo is not null
        """;

    private const string BehindSql = """
        select case when (select count(*) from projections) < 4 then 'projections that are not known yet' else
            coalesce(string_agg(p.name || '/' || index || ' at ' || coalesce(c.last_global_position::text, 'none') || ' on ' || coalesce(o.silo, 'none') || coalesce(' ' || o.fault, ''), ', '), '') end
        from projections p cross join lateral generate_series(0, p.partitions - 1) as index
        left join projection_checkpoints c on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || index end
        left join projection_partitions o on o.projection_name = p.name and o.partition = index
        where c.last_global_position is null or c.last_global_position < $1
            and ($3 or p.state <> 'rebuilding' or c.last_global_position <= coalesce(($2::jsonb ->> c.projection_name)::bigint, 0))
        """;

    private const string PositionsSql = "select coalesce(jsonb_object_agg(projection_name, last_global_position), '{}')::text from projection_checkpoints";

    private static readonly TimeSpan _startUp = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _long = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan _catchUp = TimeSpan.FromMinutes(3);

    private readonly List<SiloSlot> _slots = [.. Enumerable.Range(0, ChaosPlan.Silos).Select(index => new SiloSlot(index, network, server, database, seed, plan))];
    private readonly Stopwatch _watch = new();
    private readonly ChaosReport _report = new(seed, plan.Duration);
    private InvariantWatch? _invariants;

    public async Task<ChaosReport> RunAsync()
    {
        using var stop = new CancellationTokenSource();
        var writers = new PacedWriters(database, seed, plan);
        var writing = writers.RunAsync(stop.Token);
        _invariants = new InvariantWatch(database, _slots);
        var watching = _invariants.RunAsync(stop.Token);
        try
        {
            await AllAdvanceAsync(_startUp);
            _watch.Start();
            await InflictAllAsync(writers);
            await RecoverAsync();
        }
        finally
        {
            await stop.CancelAsync();
            await writing;
            await watching;
        }

        await AllAdvanceAsync(_catchUp, isToEnd: true);
        // What the pool still has may be of a server that crashed.
        database.DataSource.Clear();
        (_report.Restarts, _report.MostConnections) = (_slots.Sum(static slot => slot.Restarts), _invariants.MostConnections);
        _report.Events = await database.ScalarAsync<long>("select count(*) from events");
        (_report.Lost, _report.Twice, _, _report.OutOfOrder) = await Ledger.CountAsync(database);
        _report.Wrong = (await SerialFold.WrongAsync(database)).Count;
        return _report;
    }

    public async Task AssertInvariantsAsync()
    {
        var broken = await _invariants!.BrokenAsync();
        Assert.True(
            (_report.Lost, _report.Twice, _report.OutOfOrder, _report.Wrong, broken.Count) == (0, 0, 0, 0, 0),
            $"{_report}\n{string.Join("\n", broken.Take(10))}\n{Logs()}");
        await SerialFold.AssertAllAsync(database);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select (select mark from projection_log_mark) >= max(last_global_position) from projection_checkpoints"),
            TimeSpan.FromSeconds(10),
            "no checkpoint is above the mark");
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select bool_and(state = 'running') from projections"), TimeSpan.FromSeconds(60), "every projection is running");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var slot in _slots)
            await slot.DisposeAsync();
    }

    private async Task InflictAllAsync(PacedWriters writers)
    {
        var faults = new Faults(server, database, plan, random);
        var deck = new FaultDeck(new Random(seed), network is not null);
        for (var number = 1; _watch.Elapsed < plan.Duration || !writers.IsAllWritten; number++)
        {
            await Task.Delay(random.Next(1_500));
            Revive();
            await InflictAsync(faults, deck.Next(), writers);
            if (number % ChaosPlan.FaultsInARow == 0)
                await RecoverAsync();
        }
    }

    private async Task InflictAsync(Faults faults, FaultKind kind, PacedWriters writers)
    {
        await writers.BurstAsync();
        // Rather one that has something to do than one that has only just been started.
        var busy = await Patience.AskAsync<string[]>(database, BusySql);
        var victims = _slots.Where(slot => busy.Contains(slot.Process.Endpoint)).ToList();
        var met = victims.Count > 0;
        var victim = met ? victims[random.Next(victims.Count)] : _slots[random.Next(_slots.Count)];
        var came = !victim.Process.HasExited && await faults.InflictAsync(kind, victim);
        if (met && came)
            _report.Counted[kind] = _report.Counted.GetValueOrDefault(kind) + 1;
        else
            _report.Uncounted++;
        Say($"after {kind} on {victim.Process.Endpoint}{(met ? "" : ", which had nothing to do")}{(came ? "" : ", which did not come about")}");
    }

    private async Task RecoverAsync()
    {
        var took = await AllAdvanceAsync(ChaosPlan.Recovery);
        Say($"every partition moved on after {took.TotalSeconds:0.0} s");
        if (took > _report.SlowestRecovery)
            _report.SlowestRecovery = took;
    }

    // Every partition applies an event that is appended now. Before the end it is enough if one that is rebuilt moves on.
    private async Task<TimeSpan> AllAdvanceAsync(TimeSpan limit, bool isToEnd = false)
    {
        var watch = Stopwatch.StartNew();
        var (behind, said) = ("", false);
        var before = await Patience.AskAsync<string>(database, PositionsSql);
        var target = await Patience.KeepAsync(database, () => Feed.Log.AppendAsync(database));
        while ((behind = await Patience.AskAsync<string>(database, BehindSql, target, before, isToEnd)).Length > 0)
        {
            if (watch.Elapsed > limit)
                Assert.Fail($"seed {seed}: not all partitions are past {target} after {limit.TotalSeconds} s, but {behind}\n{Logs()}");
            Revive();
            if (watch.Elapsed > _long && !said)
                Say($"behind {target} for {_long.TotalSeconds} s: {behind}");
            said = watch.Elapsed > _long;
            await Task.Delay(50);
        }

        return watch.Elapsed;
    }

    private void Revive()
    {
        foreach (var slot in _slots)
            slot.Revive();
    }

    private void Say(string what) => TestContext.Current.TestOutputHelper?.WriteLine($"{_watch.Elapsed.TotalSeconds:0.0} s: {what}");

    private string Logs() => string.Join("\n====\n", _slots.Select(static slot => slot.Log().Split('\n').TakeLast(400)).Select(static lines => string.Join('\n', lines)));
}
