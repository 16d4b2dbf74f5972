using Npgsql;
using Pup.Silo.Doctor;
using Pup.Tests.Failures;
using Pup.Tests.Scenarios;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Doctor;

/// <summary>What is wrong with tables, privileges and the server itself.</summary>
public sealed class SchemaFindingsTests(PostgresServer server)
{
    [Fact]
    public async Task Tables_that_are_not_there()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal((Severity.Error, "schema-missing"), (finding.Severity, finding.Code));
        Assert.Contains("pup migrate", finding.Do, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("delete from projection_migrations where version = 3", "schema-older", "0003_silos")]
    [InlineData("insert into projection_migrations (version, name) values (9999, '9999_future')", "schema-newer", "9999_future")]
    [InlineData("drop table orleans.orleansreminderstable", "schema-older", "orleansreminderstable")]
    public async Task A_schema_of_another_version(string change, string code, string said)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync(change);
        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal(code, finding.Code);
        Assert.Contains(said, finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_privileges_that_are_missing_on_a_table_are_one_finding_and_one_statement()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var role = await RestrictedRole.CreateAsync(database);
        await database.ExecuteAsync($"revoke all on projections, projection_audit from {role.Name}");
        await database.ExecuteAsync($"grant insert on projections to {role.Name}");

        var findings = (await Doctors.ExamineAsync(database, new DoctorLimits { Watch = TimeSpan.Zero }, role.ConnectionString)).Findings
            .Where(finding => finding.Code == "privilege-missing" && !finding.Where.Contains("orleans", StringComparison.Ordinal)).ToList();

        Assert.Equal(["table projection_audit", "table projections"], findings.Select(finding => finding.Where));
        Assert.Contains($"`grant select, insert, update (result, detail) on table projection_audit to {role.Name}`", findings[0].Do, StringComparison.Ordinal);
        Assert.Contains($"`grant select, update, delete on table projections to {role.Name}`", findings[1].Do, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_privilege_that_a_silo_needs_and_the_statement_that_grants_it()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var role = await RestrictedRole.CreateAsync(database);
        await database.ExecuteAsync($"grant usage on schema orleans to {role.Name}; grant select, insert, update, delete on all tables in schema orleans to {role.Name}");
        var healthy = await Doctors.ExamineAsync(database, connectionString: role.ConnectionString);
        Doctors.AssertNone(healthy);
        Assert.Contains(healthy.Notes, note => note.Contains("pg_read_all_stats", StringComparison.Ordinal));

        string[] own = ["projection_checkpoints", "projections", "projection_partitions", "projection_dead_letters", "projection_log_mark", "projection_silos"];
        string[] privileges =
        [
            .. own.SelectMany(_ => new[] { "select", "insert", "update", "delete" }, (table, privilege) => $"{privilege} on table {table}"),
            "select on table events",
            "insert on table projection_audit",
            "usage on sequence projection_epochs",
            "select on sequence events_global_position_seq",
            "usage on schema orleans",
            "update on table orleans.orleansmembershiptable",
        ];
        foreach (var privilege in privileges)
        {
            await database.ExecuteAsync($"revoke {privilege} from {role.Name}");
            var finding = Doctors.Of(await Doctors.ExamineAsync(database, new DoctorLimits { Watch = TimeSpan.Zero }, role.ConnectionString), "privilege-missing");
            Assert.Contains(privilege.Split(" on ")[1].Split('.')[0], finding.Where.Replace("public.", "", StringComparison.Ordinal), StringComparison.Ordinal);
            await database.ExecuteAsync(finding.Do.Split('`')[1]);
        }

        Doctors.AssertNone(await Doctors.ExamineAsync(database, connectionString: role.ConnectionString));
    }

    [Fact]
    public async Task A_server_that_is_a_standby()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(own);
        await using var replica = await Replica.StartAsync(own);
        var address = replica.ConnectionString(database);
        await Eventually.TrueAsync(() => AnswersAsync(address), TimeSpan.FromSeconds(30), "the standby answers");
        var report = await Doctors.ExamineAsync(database, connectionString: address);
        Assert.Equal(Severity.Error, Doctors.Of(report, "standby").Severity);
    }

    [Fact]
    public async Task Sessions_that_start_in_another_isolation_level()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync($"alter database {database.Name} set default_transaction_isolation = 'repeatable read'");
        Assert.Equal("isolation", Doctors.Only(await Doctors.ExamineAsync(database)).Code);
    }

    [Fact]
    public async Task What_could_not_be_looked_at_is_not_taken_for_healthy()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var command = new NpgsqlCommand("lock table projection_dead_letters in access exclusive mode", connection))
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        var finding = Doctors.Only(await Doctors.ExamineAsync(database));
        Assert.Equal("not-examined", finding.Code);
        Assert.StartsWith("The projections' states could not be looked at: canceling statement due to lock timeout", finding.What, StringComparison.Ordinal);
    }

    private static async Task<bool> AnswersAsync(string address)
    {
        try
        {
            await using var connection = new NpgsqlConnection(address + ";Pooling=false");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
