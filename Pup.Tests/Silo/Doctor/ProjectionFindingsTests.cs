using Pup.Client;
using Pup.Grains;
using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Silo.Doctor;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Doctor;

/// <summary>What projections have written down of themselves, each provoked with a real engine.</summary>
public sealed class ProjectionFindingsTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_partition_that_stopped()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = await StartAsync(database, Failing, projection => projection.ErrorPolicy = ErrorPolicy.Stop);
        await Eventually.TrueAsync(() => engine.Runners[0].State == PartitionState.Faulted, _patience, "it is faulted");

        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal((Severity.Error, "faulted", "projection ledger, partition 0"), (finding.Severity, finding.Code, finding.Where));
        Assert.Contains("no such customer", finding.What, StringComparison.Ordinal);
        Assert.Contains("pup resume ledger", finding.Do, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_spins_and_ignores_its_token()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = await StartAsync(
            database,
            () => new LedgerProjection(before: async (_, _, _) => await end.Task),
            projection => projection.HandlerTimeout = TimeSpan.FromMilliseconds(100),
            options => options.HandlerGrace = TimeSpan.FromMilliseconds(100));
        await Eventually.TrueAsync(() => engine.Runners[0].State == PartitionState.Faulted, _patience, "the watchdog barks");
        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        end.SetResult();
        Assert.Equal("faulted", finding.Code);
        Assert.Contains("ignores its CancellationToken", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_are_parked()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = await StartAsync(database, Failing);
        await engine.CaughtUpAsync(database);

        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal((Severity.Warning, "parked"), (finding.Severity, finding.Code));
        Assert.StartsWith("2 ordering keys are parked behind events that could not be applied: System.InvalidOperationException: no such customer", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_parked_is_told_of_as_one()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 1);
        await using var engine = await StartAsync(database, Failing);
        await engine.CaughtUpAsync(database);

        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.StartsWith("1 ordering key is parked behind events that could not be applied: System.InvalidOperationException: no such customer", finding.What, StringComparison.Ordinal);
        Assert.DoesNotContain("..", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_else_who_moves_a_checkpoint()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = await StartAsync(database, static () => new LedgerProjection());
        await engine.CaughtUpAsync(database);
        await database.ExecuteAsync("update projection_checkpoints set last_global_position = 3");
        await EventLog.AppendAsync(database, 10, 2);
        await Eventually.TrueAsync(() => engine.Runners[0].State == PartitionState.Faulted, _patience, "it is faulted");

        Assert.Equal("foreign-writer", Doctors.Of(await Doctors.ExamineAsync(database), "foreign-writer").Code);
    }

    [Fact]
    public async Task A_read_model_that_was_built_otherwise()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using (var engine = await StartAsync(database, static () => new LedgerProjection()))
        {
            await database.ExecuteAsync("update projections set read_model_version = 7");
            await engine.RegisterAsync(engine.Define(static () => new LedgerProjection()));
        }

        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal("needs-rebuild", finding.Code);
        Assert.Contains("read model version 1, built with 7", finding.What, StringComparison.Ordinal);
        Assert.Contains("pup rebuild ledger", finding.Do, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_partition_that_waits_for_what_the_database_lacks()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = await StartAsync(database, static () => new LedgerProjection());
        await engine.CaughtUpAsync(database);
        await database.ExecuteAsync("drop table ledger");
        await EventLog.AppendAsync(database, 10, 2);
        await Eventually.TrueAsync(() => engine.Runners[0].State == PartitionState.Faulted, _patience, "it is faulted");

        var finding = Doctors.Of(await Doctors.ExamineAsync(database, statuses: new RunnerStatuses(engine)), "faulted");
        Assert.Contains("ledger", finding.What, StringComparison.Ordinal);
        Assert.Contains("by itself", finding.Do, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_projection_that_nobody_hosts_once_it_is_behind()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using (var engine = await StartAsync(database, static () => new LedgerProjection()))
            await engine.CaughtUpAsync(database);
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select last_global_position from projection_checkpoints") == 10, _patience, "it is at the end");
        await database.ExecuteAsync("delete from projection_silos");

        var caughtUp = await Doctors.ExamineAsync(database);
        Doctors.AssertNone(caughtUp);
        Assert.Contains("No silo is running.", caughtUp.Notes);

        await EventLog.AppendAsync(database, 10, 2);
        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal((Severity.Error, "unplaced"), (finding.Severity, finding.Code));

        // A silo that has stopped saying so, and one that its cluster has given up.
        await database.ExecuteAsync("insert into projection_silos values ('127.0.0.1:1@1', 'ledger', 1, now() - interval '5 min')");
        Doctors.Of(await Doctors.ExamineAsync(database), "unplaced");
        await database.ExecuteAsync("""
            update projection_silos set updated_at = now();
            insert into orleans.orleansmembershipversiontable (deploymentid) values ('pup');
            insert into orleans.orleansmembershiptable (deploymentid, address, port, generation, siloname, hostname, status, starttime, iamalivetime)
            values ('pup', '127.0.0.1', 1, 1, 's', 'h', 6, now(), now())
            """);
        Doctors.Of(await Doctors.ExamineAsync(database), "unplaced");
        await database.ExecuteAsync("update orleans.orleansmembershiptable set status = 3");
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
    }

    [Fact]
    public async Task Paused_is_what_somebody_wants_and_is_only_noted()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = await StartAsync(database, static () => new LedgerProjection());
        await new ProjectionStateStore(database.DataSource).PauseAsync("ledger", TestContext.Current.CancellationToken);
        var report = await Doctors.ExamineAsync(database);
        Doctors.AssertNone(report);
        Assert.Contains(report.Notes, note => note.Contains("ledger is paused", StringComparison.Ordinal));
    }

    private static LedgerProjection Failing() => new(before: (_, _, _) => throw new InvalidOperationException("no such customer"));

    private static async Task<TestEngine> StartAsync(
        TestDatabase database, Func<IProjection> create, Action<ProjectionOptions>? configure = null, Action<PupOptions>? options = null)
    {
        var engine = TestEngine.Start(database.ConnectionString, options);
        await engine.RunAsync(create, 1, configure);
        await Doctors.AnnounceAsync(database);
        return engine;
    }
}
