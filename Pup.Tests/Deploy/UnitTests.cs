using System.Globalization;
using Pup.Tests.Docs;
using Pup.Tests.Silo.Demo;
using Pup.Tests.Silo.Mounting;
using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

/// <summary>The command of the systemd unit, in its environment. deploy/verify.sh has systemd verify the rest.</summary>
public sealed class UnitTests(PostgresServer server) : IDisposable
{
    private static readonly ILookup<string, string> _unit = Repository.Read("deploy/systemd/pup@.service").Split('\n')
        .Select(static line => line.Split('=', 2)).Where(static pair => pair is [not ['#', ..], _]).ToLookup(static pair => pair[0], static pair => pair[1]);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("After", "network-online.target postgresql.service")]
    [InlineData("Wants", "network-online.target postgresql.service")]
    [InlineData("User", "pup")]
    [InlineData("Group", "pup")]
    [InlineData("Restart", "on-failure")]
    [InlineData("RestartSec", "10")]
    [InlineData("StandardOutput", "journal")]
    [InlineData("StandardError", "journal")]
    [InlineData("SyslogIdentifier", "pup-%i")]
    [InlineData("LoadCredential", "pgpass:/etc/pup/pgpass")]
    [InlineData("NoNewPrivileges", "true")]
    [InlineData("PrivateTmp", "true")]
    [InlineData("ProtectSystem", "strict")]
    [InlineData("ProtectHome", "true")]
    [InlineData("CapabilityBoundingSet", "")]
    [InlineData("WantedBy", "multi-user.target")]
    public void What_the_guides_unit_says_this_one_says_too(string key, string value) => Assert.Equal(value, Assert.Single(_unit[key]));

    [Fact]
    public void Systemd_waits_for_longer_than_a_silo_takes_to_stop() =>
        Assert.True(int.Parse(Assert.Single(_unit["TimeoutStopSec"]), CultureInfo.InvariantCulture) > Pup.Silo.Hosting.SiloLifetime.ShutdownTimeout.TotalSeconds);

    [Fact]
    public async Task Three_instances_on_one_host_pick_their_ports_and_share_the_partitions()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        var environment = Environment(database);
        var command = Assert.Single(_unit["ExecStart"]).Split(' ');
        Assert.Equal("/opt/pup/pup", command[0]);

        // At once, as systemd does it.
        PupProcess[] instances = [.. Enumerable.Range(0, 3).Select(_ => PupProcess.Start(environment, command[1..]))];
        try
        {
            await Eventually.TrueAsync(
                () => database.ScalarAsync<bool>("select count(*) = 3 and count(distinct port) = 3 and count(distinct proxyport) = 3 from orleans.orleansmembershiptable where status = 3"),
                TimeSpan.FromMinutes(2),
                "there are three silos, each with ports of its own");
            await Eventually.TrueAsync(
                async () => await database.ScalarAsync<bool>("select to_regclass('events_of_the_day') is not null")
                    && await database.ScalarAsync<long>("select coalesce(sum(events), 0)::bigint from events_of_the_day") == 100,
                TimeSpan.FromMinutes(1),
                "all events are counted");
            Assert.Equal(4L, await database.ScalarAsync<long>(@"select count(*) from projection_checkpoints where projection_name like 'events\_of\_the\_day\_p_'"));

            foreach (var instance in instances)
                await instance.SignalAsync("TERM");
            foreach (var instance in instances)
                Assert.True(await instance.EndAsync() == 0, instance.Error);
        }
        finally
        {
            foreach (var instance in instances)
                await instance.DisposeAsync();
        }
    }

    // %d is where systemd lays the credentials; host, role and database are the test's.
    private Dictionary<string, string> Environment(TestDatabase database)
    {
        var pgpass = Path.Combine(_folder.FullName, "pgpass");
        File.WriteAllText(pgpass, $"*:*:*:*:{server.Password}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(pgpass, UnixFileMode.UserRead);
        var environment = _unit["Environment"].Select(static variable => variable.Split('=', 2)).ToDictionary(static pair => pair[0], pair => pair[1].Replace("%d", _folder.FullName, StringComparison.Ordinal));
        Assert.StartsWith("postgres://pup@localhost/pup?", environment["DATABASE_URL"], StringComparison.Ordinal);
        environment["DATABASE_URL"] = environment["DATABASE_URL"].Replace(
            "pup@localhost/pup", string.Create(CultureInfo.InvariantCulture, $"postgres@127.0.0.1:{server.Port}/{database.Name}"), StringComparison.Ordinal);
        Assert.Equal("/run/" + Assert.Single(_unit["RuntimeDirectory"]), environment["TMPDIR"]);
        environment["TMPDIR"] = _folder.FullName;
        environment["PUP_PROJECTIONS"] = MountedProjectionsTests.Published;
        return environment;
    }
}
