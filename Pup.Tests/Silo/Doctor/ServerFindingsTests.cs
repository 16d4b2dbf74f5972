using Npgsql;
using Pup.Client;
using Pup.Grains;
using Pup.Silo.Clustering;
using Pup.Silo.Doctor;
using Pup.Silo.Doctor.Checks;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Doctor;

/// <summary>Load, locks, deadlocks, connections, indexes, vacuum.</summary>
public sealed class ServerFindingsTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("select * from folds for update", "on table folds")]
    [InlineData("lock table folds in access exclusive mode", "on table folds")]
    public async Task A_lock_on_a_read_model_and_who_holds_it(string locking, string said)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(static () => new CounterProjection());
        await Doctors.AnnounceAsync(database, "counter");
        await engine.CaughtUpAsync(database);
        await using var other = await SessionAsync(database, "reporting", "begin; " + locking);
        await EventLog.AppendAsync(database, 10, 2);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select exists (select from pg_stat_activity where application_name = 'pup' and datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0)"),
            _patience,
            "the partition waits");

        var finding = Doctors.Only(await Doctors.ExamineAsync(database, Doctors.Quick with { LockWait = TimeSpan.Zero }));
        Assert.Equal((Severity.Error, "lock", $"pid {other.ProcessID} (reporting)"), (finding.Severity, finding.Code, finding.Where));
        Assert.Matches(@"idle in transaction for \d+ s, transaction open for \d+ s has kept a session of Pup waiting for \d+ s", finding.What);
        Assert.Contains(said, finding.What, StringComparison.Ordinal);
        Assert.True(await database.ScalarAsync<bool>(finding.Do.Split('`')[1]));
        await engine.CaughtUpAsync(database);
    }

    [Fact]
    public async Task Deadlocks_that_the_server_meets()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table pair (id int primary key); insert into pair values (1), (2)");
        await using var dataSource = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        await using var examined = await ExaminedDatabase.OpenAsync(dataSource, new PupOptions(), new ClusterSettings(), Doctors.Quick, null, Token);
        await examined.FindSilosAsync(Token);
        var check = new DeadlocksCheck();
        await check.BeginAsync(examined, Token);
        Assert.Empty(await check.EndAsync(examined, Token));

        await using var one = await SessionAsync(database, "one", "set deadlock_timeout = '10ms'; begin; update pair set id = id where id = 1");
        await using var two = await SessionAsync(database, "two", "set deadlock_timeout = '10ms'; begin; update pair set id = id where id = 2");
        await Task.WhenAll(TryAsync(one, "update pair set id = id where id = 2"), TryAsync(two, "update pair set id = id where id = 1"));
        await one.CloseAsync();
        await two.CloseAsync();

        await Eventually.TrueAsync(async () => (await check.EndAsync(examined, Token)).Count == 1, _patience, "it is a finding");
        var report = await Doctors.ExamineAsync(database);
        Doctors.AssertNone(report);
        Assert.Contains(report.Notes, note => note.Contains("has counted 1 deadlocks", StringComparison.Ordinal));
    }

    [Fact]
    public void Deadlocks_that_partitions_met()
    {
        var status = new PartitionStatus { Projection = "orders", Partition = 3, State = "Running", Position = 1, Epoch = 1, Silo = "s", Events = 1, ParkedKeys = 0, Failures = 0, Deadlocks = 7 };
        var finding = Assert.Single(DeadlocksCheck.Judge("here", 0, 0, [status, status with { Partition = 4, Deadlocks = 0 }]));
        Assert.Equal(("deadlocks", "projection orders, partition 3"), (finding.Code, finding.Where));
        Assert.Contains("7 deadlocks", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_that_is_high()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var idle = await SessionAsync(database, "forgetful", "begin; select 1");
        await using var busy = await SessionAsync(database, "greedy", "select 1");
        var sleeping = TryAsync(busy, "select pg_sleep(60)");
        await Eventually.TrueAsync(async () => await database.ScalarAsync<bool>("select state = 'active' from pg_stat_activity where pid = $1", busy.ProcessID), _patience, "it sleeps");

        var limits = Doctors.Quick with { LongQuery = TimeSpan.Zero, IdleTransaction = TimeSpan.Zero, Busy = 1d / 300, Used = 2d / 300 };
        var report = await Doctors.ExamineAsync(database, limits);
        Assert.Equal(["busy", "connections-used", "idle-transaction", "long-statement"], report.Findings.Select(finding => finding.Code).Order(StringComparer.Ordinal));
        Assert.Equal($"pid {idle.ProcessID} (forgetful)", Doctors.Of(report, "idle-transaction").Where);
        Assert.Equal($"pid {busy.ProcessID} (greedy)", Doctors.Of(report, "long-statement").Where);
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
        await database.ScalarAsync<bool>("select pg_cancel_backend($1)", busy.ProcessID);
        await sleeping;
    }

    [Fact]
    public async Task More_connections_than_the_server_has()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Doctors.AnnounceAsync(database, silo: "127.0.0.1:1@1");
        await Doctors.AnnounceAsync(database, silo: "127.0.0.1:2@1");
        var finding = Doctors.Only(await Doctors.ExamineAsync(database, options: new PupOptions { Workers = 100 }));
        Assert.Equal((Severity.Error, "connection-budget"), (finding.Severity, finding.Code));
        Assert.StartsWith("2 silos of 100 workers may open 412 connections", finding.What, StringComparison.Ordinal);
        var fitting = int.Parse(finding.Do.Split(' ')[3], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(fitting, 50, 75);
        Doctors.AssertNone(await Doctors.ExamineAsync(database, options: new PupOptions { Workers = 50 }));
    }

    [Theory]
    [InlineData("drop index idx_events_event_type", "contexts=;aggregates=;events=Happened", "index-missing", "table events")]
    [InlineData("alter table events drop constraint events_pkey", "contexts=;aggregates=;events=", "index-missing", "table events")]
    public async Task An_index_that_the_feed_reads_by_is_missing(string change, string scope, string code, string where)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync(
            "insert into projections (name, partitions, configured_partitions, key_signature, scope_signature) values ('orders', 1, 1, 'aggregate_id@1', $1)", scope);
        await database.ExecuteAsync(change);
        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal((code, where), (finding.Code, finding.Where));
        await database.ExecuteAsync(finding.Do.Split('`')[1]);
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
    }

    [Fact]
    public async Task No_index_is_missed_that_nobody_reads_by()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("drop index idx_events_event_type");
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
    }

    [Fact]
    public async Task An_index_that_broke_while_it_was_made()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table orders (id int); insert into orders values (1), (1)");
        await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync("create unique index concurrently orders_id on orders (id)"));
        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal(("index-invalid", "index orders_id on orders"), (finding.Code, finding.Where));
    }

    [Fact]
    public async Task An_index_that_nobody_uses_is_only_a_hint()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table orders (id int primary key, city text); create index orders_city on orders (city); create unique index orders_unique on orders (city, id)");
        var report = await Doctors.ExamineAsync(database, Doctors.Quick with { UnusedIndexBytes = 0 });
        var finding = Doctors.Only(report);
        Assert.Equal((Severity.Hint, "index-unused", "index orders_city on orders"), (finding.Severity, finding.Code, finding.Where));
        Assert.True(report.Healthy);
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
    }

    [Fact]
    public async Task Vacuum_that_does_not_keep_up()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        // Who still sees the old versions keeps any read from clearing them away.
        await using var old = await SessionAsync(database, "old", "begin isolation level repeatable read; select 1");
        await database.ExecuteAsync("""
            alter table projection_checkpoints set (autovacuum_enabled = off);
            insert into projection_checkpoints (projection_name) values ('orders');
            do $$ begin for i in 1..1000 loop update projection_checkpoints set last_global_position = 0, updated_at = clock_timestamp(); end loop; end $$
            """);
        // Counted once the session that did it has said so.
        database.DataSource.Clear();
        var limits = Doctors.Quick with { DeadRows = 900 };
        await Eventually.TrueAsync(async () => (await Doctors.ExamineAsync(database, limits)).Findings.Count > 0, _patience, "it is a finding");
        var finding = Doctors.Only(await Doctors.ExamineAsync(database, limits));
        Assert.Equal(("vacuum-behind", "table projection_checkpoints"), (finding.Code, finding.Where));
        Assert.Contains("beside 1 rows", finding.What, StringComparison.Ordinal);
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
    }

    private static async Task<NpgsqlConnection> SessionAsync(TestDatabase database, string application, string sql)
    {
        var connection = new NpgsqlConnection($"{database.ConnectionString};Pooling=false;Application Name={application}");
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private static async Task TryAsync(NpgsqlConnection connection, string sql)
    {
        try
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(Token);
        }
        catch (PostgresException)
        {
            // One of two has to.
        }
    }
}
