using Npgsql;
using Pup.Client.Events;
using Pup.Silo.Doctor;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Silo.Doctor;
using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

/// <summary>Each role does its work, and nothing else. On a server of its own, since roles belong to the whole server.</summary>
public sealed class RolesTests
{
    private static Event Happened => new() { EventType = "Happened", Payload = "{}"u8.ToArray() };

    private const string Refused = PostgresErrorCodes.InsufficientPrivilege;

    [Fact]
    public async Task Silo_application_and_reports_work_under_roles_that_can_do_no_more_than_they_need()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await Role.SetUpAsync(server, database);
        var (silo, app, report) = (Role.Of(server, database, "pup_silo"), Role.Of(server, database, "pup_app"), Role.Of(server, database, "pup_report"));
        await using var events = NpgsqlDataSource.Create(app);
        var store = new EventStore(events);

        await using (var process = SiloProcess.Start(silo, "--total-partitions=2"))
        {
            await process.SaysAsync("started");
            for (var version = 1; version <= 20; version++)
                await store.AppendAsync("Test", "Thing", "a", ExpectedVersion.Exact(version - 1), [Happened], TestContext.Current.CancellationToken);
            await using var reports = NpgsqlDataSource.Create(report);
            await Eventually.TrueAsync(
                async () =>
                {
                    await using var command = reports.CreateCommand("select count(*) from ledger");
                    try
                    {
                        return await command.ExecuteScalarAsync() is 20L;
                    }
                    catch (PostgresException)
                    {
                        return false; // There is no table yet.
                    }
                },
                TimeSpan.FromSeconds(60),
                "reports see all that was appended");
            await process.TerminateAsync();
            Assert.Equal(0, await process.ExitAsync());
        }

        Assert.Equal("read_models", await database.ScalarAsync<string>("select schemaname from pg_tables where tablename = 'ledger'"));
        foreach (var (who, what) in Forbidden)
            Assert.True(await Role.TryAsync(Role.Of(server, database, who), what) == Refused, $"{who} may: {what}");
    }

    [Fact]
    public async Task Without_grants_a_silo_does_not_start_and_says_what_to_grant()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await Role.SetUpAsync(server, database);
        await database.ExecuteAsync("revoke select on orleans.orleansquery from pup_silo");

        await using var process = SiloProcess.Start(Role.Of(server, database, "pup_silo"));

        Assert.NotEqual(0, await process.ExitAsync());
        Assert.Contains("needs SELECT on table orleans.orleansquery", process.Log(), StringComparison.Ordinal);
        Assert.DoesNotContain("a password of the tests", process.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_pg_read_all_stats_a_late_commit_is_waited_for_all_the_same_and_what_is_hidden_is_said()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await Role.SetUpAsync(server, database);
        await database.ExecuteAsync("revoke pg_read_all_stats from pup_silo");
        var (silo, app) = (Role.Of(server, database, "pup_silo"), Role.Of(server, database, "pup_app"));
        await using var events = NpgsqlDataSource.Create(app);
        var store = new EventStore(events);
        await using var process = SiloProcess.Start(silo, "--total-partitions=2");
        await process.SaysAsync("started");
        await AppendAsync("early");
        await HasAsync("early");

        await using var writer = new NpgsqlConnection(app + ";Pooling=false;Application Name=importer");
        await writer.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = await writer.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await store.AppendAsync("Test", "Thing", "late", ExpectedVersion.NoStream, [Happened], transaction, TestContext.Current.CancellationToken);
        await AppendAsync("after");
        // It watches for three seconds, in which the silo looks many times.
        var findings = await Doctors.ExamineAsync(database, new DoctorLimits { OpenWriter = TimeSpan.Zero }, silo);
        var open = Doctors.Of(findings, "writer-open");
        Assert.Equal($"pid {writer.ProcessID} (importer)", open.Where);
        Assert.Contains("grant pg_read_all_stats to \"pup_silo\"", open.Hidden, StringComparison.Ordinal);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from read_models.ledger"));

        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        await HasAsync("early", "late", "after");

        Task AppendAsync(string aggregate) => store.AppendAsync("Test", "Thing", aggregate, ExpectedVersion.NoStream, [Happened], TestContext.Current.CancellationToken);
        Task HasAsync(params string[] aggregates) => Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select to_regclass('read_models.ledger') is not null")
                && (await database.ScalarAsync<string[]>("select array_agg(aggregate_id order by global_position) from read_models.ledger"))?.SequenceEqual(aggregates) == true,
            TimeSpan.FromSeconds(60),
            $"the read model has {string.Join(", ", aggregates)}");
    }

    private static readonly (string Who, string What)[] Forbidden =
    [
        ("pup_silo", "insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload) values ('', '', '', 1, gen_random_uuid(), '', '')"),
        ("pup_silo", "update events set payload = ''"),
        ("pup_silo", "delete from events"),
        ("pup_silo", "truncate events"),
        ("pup_silo", "alter table events add column more text"),
        ("pup_silo", "select setval('events_global_position_seq', 1)"),
        ("pup_silo", "update projection_audit set actor = 'nobody'"),
        ("pup_silo", "delete from projection_audit"),
        ("pup_silo", "create table public.mine ()"),
        ("pup_app", "update events set payload = ''"),
        ("pup_app", "delete from events"),
        ("pup_app", "update projection_checkpoints set last_global_position = 0"),
        ("pup_app", "delete from projection_checkpoints"),
        ("pup_app", "update projections set state = 'paused'"),
        ("pup_app", "insert into projection_audit (actor, action, result) values ('', '', '')"),
        ("pup_app", "delete from read_models.ledger"),
        ("pup_app", "delete from orleans.orleansmembershiptable"),
        ("pup_report", "select * from public.events"),
        ("pup_report", "select * from public.projection_checkpoints"),
        ("pup_report", "insert into ledger (global_position, projection, aggregate_id, aggregate_version) values (1, '', '', 1)"),
        ("pup_report", "create table mine ()"),
    ];
}
