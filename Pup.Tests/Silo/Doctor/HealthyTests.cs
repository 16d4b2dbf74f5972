using System.Text.Json;
using Pup.Tests.Silo.Demo;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Doctor;

public sealed class HealthyTests(PostgresServer server)
{
    [Fact]
    public async Task A_demos_database_has_no_finding()
    {
        using var git = NastyHistory.Create();
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        var environment = new Dictionary<string, string> { ["DATABASE_URL"] = database.ConnectionString };
        await using (var demo = PupProcess.Start(environment, "demo", "--once", "--repository", git.Path))
            Assert.True(await demo.EndAsync() == 0, demo.Error);

        await using (var doctor = PupProcess.Start(environment, "doctor"))
        {
            Assert.True(await doctor.EndAsync() == 0, doctor.Output + doctor.Error);
            Assert.EndsWith("No findings.", doctor.Output.TrimEnd(), StringComparison.Ordinal);
            Assert.All(doctor.Output.Split('\n'), line => Assert.True(line.Length <= 80, line));
            Assert.DoesNotContain('\u001b', doctor.Output);
        }

        await using var json = PupProcess.Start(environment, "doctor", "--json");
        Assert.True(await json.EndAsync() == 0, json.Output + json.Error);
        var report = JsonDocument.Parse(Assert.Single(json.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        Assert.True(report.GetProperty("healthy").GetBoolean());
        Assert.Equal(0, report.GetProperty("findings").GetArrayLength());
    }

    [Fact]
    public async Task Projections_at_work_have_no_finding()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(static () => new LedgerProjection(), 3);
        await Doctors.AnnounceAsync(database);
        await engine.CaughtUpAsync(database);
        await EventLog.AppendAsync(database, 500, 20);

        Doctors.AssertNone(await Doctors.ExamineAsync(database));
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_a_finding_too()
    {
        await using var doctor = PupProcess.Start(new Dictionary<string, string> { ["DATABASE_URL"] = "postgres://ann:hunter2@127.0.0.1:1/db" }, "doctor", "--json");
        Assert.Equal(1, await doctor.EndAsync());
        var finding = JsonDocument.Parse(doctor.Output).RootElement.GetProperty("findings")[0];
        Assert.Equal(("error", "database-unreachable"), (finding.GetProperty("severity").GetString(), finding.GetProperty("code").GetString()));
        Assert.DoesNotContain("hunter2", doctor.Output + doctor.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_address_it_is_wrong_use()
    {
        await using var doctor = PupProcess.Start(new Dictionary<string, string>(), "doctor");
        Assert.Equal(2, await doctor.EndAsync());
        Assert.Equal("", doctor.Output.Trim());
        Assert.Contains("DATABASE_URL", doctor.Error, StringComparison.Ordinal);
    }
}
