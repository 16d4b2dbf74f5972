using Npgsql;
using Pup.Grains.Partitions;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class FullDiskTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Without_space_for_the_read_model_the_engine_waits_and_goes_on_when_there_is_some()
    {
        await using var disk = await SmallDisk.TryMountAsync(megabytes: 16);
        Assert.SkipWhen(disk is null, SmallDisk.Missing);
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Disk = disk });
        await using var database = await TestDatabase.CreateAsync(server);
        await Shell.RunInsideAsync(disk, "mkdir \"$1/space\"", disk.Path);
        await database.ExecuteAsync($"create tablespace small location '{disk.Path}/space'");
        await EventLog.AppendAsync(database, 2_000, 50);
        await using (var engine = TestEngine.Start(database.ConnectionString + ";Options=-c default_tablespace=small"))
        {
            var runner = (await engine.RunAsync(static () => new LedgerProjection()))[0];
            await engine.CaughtUpAsync(database);

            disk.FillUp();
            await EventLog.AppendAsync(database, 20_000, 50);
            var last = await database.ScalarAsync<long>("select max(global_position) from events");
            // Longer than five attempts, after which ownership is taken anew.
            var epoch = runner.Epoch;
            await Eventually.TrueAsync(
                () => runner.Epoch > epoch && runner.Journal.Trouble?.Contains("No space left on device", StringComparison.Ordinal) == true, s_patience, "no space left");
            Assert.Equal((PartitionState.Running, 0L), (runner.State, runner.Journal.Failures));
            Assert.True(runner.Position < last);

            disk.Free();
            await engine.CaughtUpAsync(database, s_patience);
            await Ledger.AssertExactAsync(database);
            Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
            Assert.Null(runner.Journal.Trouble);
        }
    }

    [Fact]
    public async Task A_server_that_panics_for_want_of_space_for_its_log_is_waited_for_and_nothing_is_lost()
    {
        await using var disk = await SmallDisk.TryMountAsync(megabytes: 80);
        Assert.SkipWhen(disk is null, SmallDisk.Missing);
        var settings = new Dictionary<string, string> { ["min_wal_size"] = "32MB", ["max_wal_size"] = "32MB" };
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Disk = disk, HasWalOnDisk = true, Settings = settings });
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 2_000, 50);
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(static () => new LedgerProjection(), partitions: 4);
            await engine.CaughtUpAsync(database);

            // Of its log nothing is used again: how soon the disk is full is not a matter of how fast it is written.
            await database.ExecuteAsync("select pg_create_physical_replication_slot('keeps_all', true)");
            disk.FillUp();
            var acknowledged = await AppendUntilItFailsAsync(database);
            await Eventually.TrueAsync(async () => (await File.ReadAllTextAsync(server.LogFile)).Contains("PANIC", StringComparison.Ordinal), s_patience, "the server panics");

            disk.Free();
            // Whether it recovered by itself or ended, an operator makes sure.
            await server.StopImmediateAsync();
            await server.StartAgainAsync();
            database.DataSource.Clear();
            await engine.CaughtUpAsync(database, s_patience);
            await Ledger.AssertExactAsync(database);
            Assert.True(await database.ScalarAsync<long>("select count(*) from events") >= acknowledged);
            Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
        }
    }

    private static async Task<long> AppendUntilItFailsAsync(TestDatabase database)
    {
        for (var acknowledged = 2_000L; ; acknowledged += 500)
        {
            try
            {
                await EventLog.AppendAsync(database, 500, 50);
            }
            catch (NpgsqlException)
            {
                return acknowledged;
            }
        }
    }
}
