using Npgsql;
using Pup.Silo.Doctor;
using Pup.Tests.Failures;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Doctor;

/// <summary>What is wrong with the log and with who writes to it.</summary>
public sealed class LogFindingsTests(PostgresServer server)
{
    private static readonly DoctorLimits _anyWriter = Doctors.Quick with { OpenWriter = TimeSpan.Zero };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("alter sequence events_global_position_seq cache 20", "sequence-cache")]
    [InlineData("alter sequence events_global_position_seq cycle", "sequence-falls")]
    [InlineData("alter table events alter global_position drop default; alter sequence events_global_position_seq owned by none", "sequence-missing")]
    public async Task A_sequence_that_does_not_hand_positions_out_one_by_one(string change, string code)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync(change);
        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal((Severity.Error, code), (finding.Severity, finding.Code));
    }

    [Fact]
    public async Task Positions_that_were_written_as_values()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("""
            insert into events (global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
            values (100, 'Test', 'Thing', 'a', 1, gen_random_uuid(), 'Happened', '{}')
            """);
        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal("positions-by-value", finding.Code);
        await database.ScalarAsync<long>(finding.Do.Split('`')[1]);
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
    }

    [Theory]
    [InlineData("delete from events where global_position > 50", "newest-events-missing", "Warning")]
    [InlineData("truncate events restart identity", "log-went-back", "Error")]
    public async Task A_log_that_has_lost_its_end(string loss, string code, string severity)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(static () => new LedgerProjection());
            await engine.CaughtUpAsync(database);
            await Eventually.TrueAsync(
                async () => await database.ScalarAsync<long>("select coalesce(max(mark), 0) from projection_log_mark") == 100, TimeSpan.FromSeconds(10), "the mark is persisted");
        }

        await database.ExecuteAsync(loss);
        var finding = Doctors.Of(await Doctors.ExamineAsync(database), code);
        Assert.Equal(severity, finding.Severity.ToString());
    }

    [Fact]
    public async Task A_writer_that_stays_open_with_pid_application_and_age()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var writer = await WriterAsync(database, "importer");

        var finding = Doctors.Only(await Doctors.ExamineAsync(database, _anyWriter));
        Assert.Equal("writer-open", finding.Code);
        Assert.Equal($"pid {writer.ProcessID} (importer)", finding.Where);
        Assert.Matches(@"open for \d+ s \(idle in transaction\)", finding.What);
        Assert.Null(finding.Hidden);

        // Not every writer that happens to write is one.
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
        await database.ScalarAsync<bool>(finding.Do.Split('`')[1]);
        await Eventually.TrueAsync(async () => (await Doctors.ExamineAsync(database, _anyWriter)).Findings.Count == 0, TimeSpan.FromSeconds(10), "it is gone");
    }

    [Fact]
    public async Task A_writer_whose_age_is_hidden_is_said_to_be_as_old_as_can_be_seen()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var role = await RestrictedRole.CreateAsync(database);
        await database.ExecuteAsync($"grant usage on schema orleans to {role.Name}; grant select, insert, update, delete on all tables in schema orleans to {role.Name}");
        await using var writer = await WriterAsync(database, "importer");

        var finding = Doctors.Only(await Doctors.ExamineAsync(database, connectionString: role.ConnectionString));
        Assert.Equal(("writer-open", $"pid {writer.ProcessID} (importer)"), (finding.Code, finding.Where));
        Assert.Contains("more than", finding.What, StringComparison.Ordinal);
        Assert.Contains("pg_read_all_stats", finding.Hidden, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prepared_transaction_that_wrote_to_the_log()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using (var writer = await WriterAsync(database, "importer"))
        await using (var prepare = new NpgsqlCommand("prepare transaction 'forgotten'", writer))
            await prepare.ExecuteNonQueryAsync(Token);

        var finding = Doctors.Only(await Doctors.ExamineAsync(database, _anyWriter));
        Assert.Equal(("writer-open", "prepared transaction 'forgotten'"), (finding.Code, finding.Where));
        await database.ExecuteAsync("rollback prepared 'forgotten'");
    }

    private static async Task<NpgsqlConnection> WriterAsync(TestDatabase database, string application)
    {
        var connection = new NpgsqlConnection($"{database.ConnectionString};Pooling=false;Application Name={application}");
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(
            """
            begin;
            insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
            values ('Test', 'Thing', 'open', 1, gen_random_uuid(), 'Happened', '{}')
            """,
            connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }
}
