using Npgsql;
using Pup.Grains;
using Pup.Grains.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class PupConnectionStringTests(PostgresServer server)
{
    [Fact]
    public void Several_hosts_without_a_demand_for_the_primary_are_refused()
    {
        var refused = Assert.Throws<ArgumentException>(() => PupConnectionString.Pool(Options("Host=a,b;Username=u")));
        Assert.Contains("Target Session Attributes=primary", refused.Message, StringComparison.Ordinal);
        PupConnectionString.Pool(Options("Host=a,b;Username=u;Target Session Attributes=primary"));
    }

    [Fact]
    public void A_malformed_string_is_refused_without_being_shown()
    {
        var refused = Assert.Throws<ArgumentException>(() => PupConnectionString.Pool(Options("Host=a;Password=secret;Nonsense=1")));
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_pool_and_the_dedicated_sessions_make_up_the_budget()
    {
        var options = Options("Host=a;Maximum Pool Size=500;Pooling=false;Connection Idle Lifetime=7;Connection Lifetime=9");
        options.Workers = 7;
        var pool = PupConnectionString.Pool(options);
        Assert.True(pool.Pooling);
        Assert.Equal((60, 300), (pool.ConnectionIdleLifetime, pool.ConnectionLifetime));
        Assert.Equal((7 * 2) + 3, pool.MaxPoolSize + PupConnectionString.DedicatedSessions);
        Assert.False(PupConnectionString.DedicatedSession(options).Pooling);
    }

    [Fact]
    public async Task Several_hosts_work_and_no_session_is_left_behind()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var builder = new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name));
        builder.Host = $"127.0.0.1:{server.Port},127.0.0.1:{server.Port}";
        builder.TargetSessionAttributes = "primary";
        await using (var feed = RunningFeed.Start(builder.ConnectionString))
        {
            await Log.AppendManyAsync(database, 100);
            await feed.MarkReachesAsync(100);
            Assert.Equal(100, (await feed.ReadAsync(0, 100)).Count);
        }

        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'pup'") == 0,
            RunningFeed.Patience,
            "all sessions of the feed are closed");
    }

    private static PupOptions Options(string connectionString) => new() { ConnectionString = connectionString };
}
