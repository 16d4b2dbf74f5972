using System.Globalization;
using Npgsql;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

public sealed class PasswordRotationTests
{
    [Fact]
    public async Task A_password_changes_under_a_running_silo_and_no_event_is_lost_or_applied_twice()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create role rotating login superuser password 'first'");
        var file = Path.GetTempFileName();
        try
        {
            await WriteAsync(file, server, "first");
            var address = new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name)) { Username = "rotating", Password = null, Passfile = file };
            await using var silo = SiloProcess.Start(address.ConnectionString, "--total-partitions=4");
            await silo.SaysAsync("started");
            await AppliedAsync(database, 500);

            // First the file, then the server: whoever connects in between is refused, and tries again.
            await WriteAsync(file, server, "second");
            await database.ExecuteAsync("alter role rotating password 'second'");
            // All sessions must authenticate anew, membership's too.
            await database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rotating'");

            await AppliedAsync(database, 500);
            await Ledger.AssertExactAsync(database);
            Assert.DoesNotContain("second", silo.Log(), StringComparison.Ordinal);
            await silo.TerminateAsync();
            Assert.Equal(0, await silo.ExitAsync());
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task AppliedAsync(TestDatabase database, int events)
    {
        await EventLog.AppendAsync(database, events, 20);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select to_regclass('ledger') is not null")
                && await database.ScalarAsync<long>("select count(*) from events") == await database.ScalarAsync<long>("select count(*) from ledger where projection = 'ledger'"),
            TimeSpan.FromSeconds(60),
            "all events are applied");
    }

    private static Task WriteAsync(string file, PostgresServer server, string password) =>
        File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{server.Port}:*:rotating:{password}\n"), TestContext.Current.CancellationToken);
}
