using Pup.Tests.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Checkpoints;

/// <summary>The lag as pupsourcing's guide asks for it, straight out of the tables.</summary>
public sealed class LagStatementTests(PostgresServer server)
{
    private const string Sql = """
        select min(lag) || ' ' || max(lag) from (
            select (select max(global_position) from events) - last_global_position as lag from projection_checkpoints) as lags
        """;

    [Fact]
    public async Task It_is_never_negative_though_transactions_are_rolled_back_and_zero_at_the_end()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 5);
        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.SkipInterval = TimeSpan.FromMilliseconds(20));
        await engine.RunAsync(static () => new LedgerProjection(), 2);
        for (var round = 0; round < 60; round++)
        {
            await EventLog.AppendAsync(database, 3, 5);
            // Takes a position that nobody will ever see; the last one of them is the end of the sequence.
            await using (var rolledBack = await Log.BeginAsync(database))
            {
                await Log.AppendAsync(rolledBack, "never", 1);
                await rolledBack.ExecuteAsync("rollback");
            }

            Assert.DoesNotContain('-', await database.ScalarAsync<string>(Sql));
        }

        await engine.CaughtUpAsync(database);
        await Eventually.TrueAsync(async () => await database.ScalarAsync<string>(Sql) == "0 0", TimeSpan.FromSeconds(10), "no lag is left");
        Assert.True(await database.ScalarAsync<bool>("select last_value > (select max(global_position) from events) from events_global_position_seq"));
        await Ledger.AssertExactAsync(database);
    }
}
