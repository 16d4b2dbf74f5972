using System.Diagnostics;
using System.Globalization;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Cluster;

/// <summary>Silos in processes of their own on one database, while events keep coming.</summary>
internal sealed class ClusterScenario : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly List<SiloProcess> _silos = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _appending;

    private ClusterScenario(TestDatabase database)
    {
        _database = database;
        _appending = Task.Run(AppendAsync);
    }

    public TestDatabase Database => _database;

    public static async Task<ClusterScenario> StartAsync(PostgresServer server) => new(await TestDatabase.CreateAsync(server));

    /// <summary>Starts silos, and waits until they are up.</summary>
    public async Task<SiloProcess[]> StartAsync(int count, params string[] arguments)
    {
        var started = Enumerable.Range(0, count).Select(_ => SiloProcess.Start(_database.ConnectionString, arguments)).ToArray();
        _silos.AddRange(started);
        await Task.WhenAll(started.Select(silo => silo.SaysAsync("started")));
        return started;
    }

    private const string Behind = """
        select coalesce(string_agg(p.name || '/' || index || ' at ' || coalesce(c.last_global_position::text, 'none') || ' on ' || coalesce(o.silo, 'none'), ', '), '')
        from projections p cross join lateral generate_series(0, p.partitions - 1) as index
        left join projection_checkpoints c on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || index end
        left join projection_partitions o on o.projection_name = p.name and o.partition = index
        where c.last_global_position is null or c.last_global_position < $1 or o.silo is null or (cardinality($2) > 0 and split_part(o.silo, '@', 1) <> all($2))
        """;

    /// <summary>Waits until every partition has applied an event appended now, on one of these silos, or on any when there are none; gives the seconds it took.</summary>
    public async Task<double> AllAdvanceAsync(TimeSpan limit, params SiloProcess[] on)
    {
        var watch = Stopwatch.StartNew();
        var target = await _database.ScalarAsync<long>(AppendSql, "marker");
        var endpoints = on.Select(silo => silo.Endpoint).ToArray();
        var behind = "";
        try
        {
            await Eventually.TrueAsync(
                async () => (behind = await _database.ScalarAsync<string>(Behind, target, endpoints)).Length == 0, limit, $"every partition passes {target} on {string.Join(", ", endpoints)}");
        }
        catch (Xunit.Sdk.FailException failure)
        {
            Assert.Fail($"{failure.Message} Behind: {behind}\n{string.Join("\n====\n", _silos.Select(silo => silo.Endpoint + "\n" + silo.Log()))}");
        }

        TestContext.Current.SendDiagnosticMessage($"All advance on {on.Length} silos after {watch.Elapsed.TotalSeconds:0.00} s");
        return watch.Elapsed.TotalSeconds;
    }

    /// <summary>Partitions of a projection by silo, in the order of the silos, for example "4 4 4".</summary>
    public async Task<string> SpreadAsync(string projection, params SiloProcess[] silos)
    {
        var counts = new List<long>();
        foreach (var silo in silos)
            counts.Add(await _database.ScalarAsync<long>("select count(*) from projection_partitions where projection_name = $1 and split_part(silo, '@', 1) = $2", projection, silo.Endpoint));
        return string.Join(' ', counts);
    }

    /// <summary>Stops the events, and checks that nothing is lost or applied twice.</summary>
    public async Task AssertExactAsync(params SiloProcess[] on)
    {
        await _stop.CancelAsync();
        await _appending;
        await AllAdvanceAsync(TimeSpan.FromSeconds(20), on);
        await Ledger.AssertExactAsync(_database);
        Assert.Equal(
            await _database.ScalarAsync<long>("select count(*) from events"),
            await _database.ScalarAsync<long>("select coalesce(sum(count), 0)::bigint from folds where projection = 'counter'"));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _appending;
        foreach (var silo in _silos)
            await silo.DisposeAsync();
        _stop.Dispose();
        await _database.DisposeAsync();
    }

    private const string AppendSql = """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'Test', 'Thing', $1, coalesce(max(aggregate_version), 0) + 1, gen_random_uuid(), 'Happened', '{}'
        from events where bounded_context = 'Test' and aggregate_type = 'Thing' and aggregate_id = $1
        returning global_position
        """;

    private async Task AppendAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            await _database.ScalarAsync<long>(AppendSql, string.Create(CultureInfo.InvariantCulture, $"a{number % 97}"));
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
