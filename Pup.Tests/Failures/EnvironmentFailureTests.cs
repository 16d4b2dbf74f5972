using Npgsql;
using Pup.Grains.Partitions;
using Pup.Tests.Projections.Documents;
using Pup.Tests.Support;

namespace Pup.Tests.Failures;

public sealed class EnvironmentFailureTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_missing_privilege_stops_the_partition_at_once_parks_nothing_and_a_grant_is_all_it_takes()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var role = await RestrictedRole.CreateAsync(database);
        await EventLog.AppendAsync(database, 50, 10);
        await using var engine = TestEngine.Start(role.ConnectionString);
        var runner = (await engine.RunAsync(static () => new LedgerProjection()))[0];
        await engine.CaughtUpAsync(database);
        await database.ExecuteAsync($"alter table ledger owner to postgres");
        await EventLog.AppendAsync(database, 50, 10);

        await StopsAsync(database, runner, "permission denied for table ledger (in `insert into ledger (global_position", "Grant it");

        await database.ExecuteAsync($"grant all on ledger to {role.Name}");
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
        Assert.Equal(PartitionState.Running, runner.State);
    }

    [Fact]
    public async Task A_missing_table_stops_the_partition_at_once_until_it_is_there()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(static () => new LedgerProjection()))[0];
        await database.ExecuteAsync("alter table ledger rename to elsewhere");
        await EventLog.AppendAsync(database, 50, 10);

        await StopsAsync(database, runner, "relation \"ledger\" does not exist", "pup rebuild ledger");

        await database.ExecuteAsync("alter table elsewhere rename to ledger");
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_dropped_table_of_documents_stops_the_partition_too()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var projection = new AccountProjection();
        var runner = (await engine.RunAsync(static () => new AccountProjection()))[0];
        await database.ExecuteAsync($"drop table \"{projection.TableName}\"");
        await EventLog.AppendOneAsync(database, "a", """{"amount":1}""", "Deposited");

        await StopsAsync(database, runner, $"relation \"{projection.TableName}\" does not exist", $"pup rebuild {projection.Name}");
    }

    [Fact]
    public async Task A_row_that_a_security_policy_refuses_is_that_events_failure()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var role = await RestrictedRole.CreateAsync(database);
        await using var engine = TestEngine.Start(role.ConnectionString);
        await engine.RunAsync(static () => new LedgerProjection());
        await database.ExecuteAsync("alter table ledger enable row level security");
        await database.ExecuteAsync("alter table ledger force row level security");
        await database.ExecuteAsync("create policy most on ledger with check (aggregate_id <> 'a3')");
        await EventLog.AppendAsync(database, 10, 10);
        await engine.CaughtUpAsync(database);

        Assert.Equal("a3", await database.ScalarAsync<string>("select string_agg(ordering_key, ',') from projection_dead_letters"));
    }

    [Theory]
    [InlineData("53100")]
    [InlineData("53200")]
    [InlineData("53300")]
    [InlineData("25006")]
    public async Task A_server_short_of_something_is_waited_for_and_parks_nothing(string sqlState)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table short_of (sqlstate text)");
        await database.ExecuteAsync($"insert into short_of values ('{sqlState}')");
        await EventLog.AppendAsync(database, 20, 10);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(static () => new LedgerProjection(before: static (_, transaction, _) =>
        {
            transaction.Execute("do $$ declare s text; begin select sqlstate into s from short_of; if s is not null then raise exception using errcode = s; end if; end $$");
            return ValueTask.CompletedTask;
        })))[0];
        await Eventually.TrueAsync(() => runner.Journal.Trouble is not null && runner.Epoch >= 2, s_patience, "it has tried in vain for a while");
        Assert.Equal((PartitionState.Running, 0L), (runner.State, runner.Journal.Failures));

        await database.ExecuteAsync("delete from short_of");
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    private static async Task StopsAsync(TestDatabase database, PartitionRunner runner, string what, string remedy)
    {
        await Eventually.TrueAsync(() => runner.State == PartitionState.Faulted, s_patience, "faulted");
        Assert.Contains(what, runner.Journal.Trouble, StringComparison.Ordinal);
        Assert.Contains(remedy, runner.Journal.Trouble, StringComparison.Ordinal);
        Assert.Equal(0L, runner.Journal.Failures);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }
}
