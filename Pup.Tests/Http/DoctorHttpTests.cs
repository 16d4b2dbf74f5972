using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Npgsql;
using Pup.Client.Http;
using Pup.Client.Operations;
using Pup.Silo.Configuration;
using Pup.Silo.Web;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Silo.Commands;
using Pup.Tests.Support;

namespace Pup.Tests.Http;

/// <summary><c>pup doctor --url</c>: the silo examines, and the command says what it found.</summary>
public sealed partial class DoctorHttpTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_silo_is_asked_by_operators_alone_and_says_what_the_command_finds_itself()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        string[] keys = [.. HttpHost.Keys.Select(key => $"{key.Item1.Replace(":", "__", StringComparison.Ordinal)}={key.Item2}")];
        await using var silo = SiloProcess.Start(database.ConnectionString, ["run", "--http=127.0.0.1:0", "Pup__Gateway=true", .. keys]);
        await silo.SaysAsync("listening on");
        var url = Address().Match(silo.Log()).Value;
        using var client = new HttpProjectionClient(new Uri(url + "/pup"), HttpHost.ReadKey);
        await Eventually.TrueAsync(async () => await client.ListAsync(Token) is { Count: 2 } all && all.All(report => report.Condition == ProjectionCondition.CaughtUp), _patience, "all have caught up");

        var healthy = (await OverAsync(url, HttpHost.OperateKey, "--json")).Good();
        Assert.True(healthy.Json.GetProperty("healthy").GetBoolean());
        Assert.Equal((await PupRun.OnAsync(database, "doctor", "--json")).Good().Output, healthy.Output);
        Assert.EndsWith("No findings.", (await OverAsync(url, HttpHost.OperateKey)).Fits().Output.TrimEnd(), StringComparison.Ordinal);

        await database.ExecuteAsync("create table orders (id int); insert into orders values (1), (1)");
        await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync("create unique index concurrently orders_id on orders (id)"));
        foreach (var form in new string[][] { ["--json"], [] })
        {
            var found = await OverAsync(url, HttpHost.OperateKey, form);
            Assert.Contains("index-invalid", found.Output, StringComparison.Ordinal);
            Assert.Equal(await PupRun.OnAsync(database, ["doctor", .. form]), found);
            Assert.Equal(1, found.ExitCode);
        }

        (await OverAsync(url, HttpHost.ReadKey)).Ends(5, "--key");
        (await OverAsync(url, "wrong")).Ends(5, "--key");
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        using (var without = await http.GetAsync(new Uri("/pup/doctor", UriKind.Relative), Token))
            Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        http.DefaultRequestHeaders.Add("X-Api-Key", HttpHost.ReadKey);
        using var described = JsonDocument.Parse(await http.GetStringAsync(new Uri("/pup/openapi.json", UriKind.Relative), Token));
        var route = described.RootElement.GetProperty("paths").GetProperty("/pup/doctor").GetProperty("get");
        Assert.Equal("Needs 'pup operate'.", route.GetProperty("description").GetString());
        Assert.True(route.GetProperty("responses").GetProperty("200").GetProperty("content").TryGetProperty("application/json", out _));
    }

    [Fact]
    public async Task However_many_ask_there_is_one_examination_at_a_time()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var settings = new Dictionary<string, string> { ["ConnectionString"] = database.ConnectionString, ["Http"] = "127.0.0.1:0", ["Gateway"] = "false", ["LogLevel"] = "Critical" };
        await using var app = SiloWeb.Create(
            ConfigurationLoader.Load(settings.ToDictionary(setting => setting.Key, setting => new SourcedValue(setting.Value, "the test")), [], file: null),
            static pup => pup.AddProjection<LedgerProjection>());
        await app.StartAsync(Token);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var all = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => http.GetStringAsync(new Uri("/pup/doctor", UriKind.Relative), Token)));
        var most = 0L;
        await Eventually.TrueAsync(
            async () =>
            {
                most = Math.Max(most, await database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'pup doctor'"));
                return all.IsCompleted;
            },
            _patience,
            "all have an answer");
        Assert.All(await all, report => Assert.StartsWith("""{"healthy":""", report, StringComparison.Ordinal));
        Assert.Equal(1, most);
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task A_database_that_a_silo_has_lost_is_a_finding_there_too()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var silo = SiloProcess.Start(database.ConnectionString, "run", "--http=127.0.0.1:0");
        await silo.SaysAsync("listening on");
        await using (var beside = NpgsqlDataSource.Create(server.ConnectionString("postgres")))
        await using (var close = beside.CreateCommand($"alter database {database.Name} allow_connections false"))
            await close.ExecuteNonQueryAsync(Token);
        var found = await OverAsync(Address().Match(silo.Log()).Value, null, "--json");
        Assert.Equal(1, found.ExitCode);
        Assert.Equal("database-unreachable", found.Json.GetProperty("findings")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Where_no_silo_answers_that_is_said_in_a_line()
    {
        await using (var host = await HttpHost.StartAsync(new ScriptedClient(), HttpHost.Keys))
            (await OverAsync(host.Address.ToString(), HttpHost.OperateKey)).Ends(1, "no doctor at that URL");
        await using (var host = await HttpHost.StartAsync(new ScriptedClient(), use: app => app.MapGet("/pup/doctor", () => Results.Content("<html>Sign in", "text/html"))))
            (await OverAsync(host.Address.ToString(), null)).Ends(1, "not Pup's");
        await using (var host = await HttpHost.StartAsync(new ScriptedClient(), use: app => app.MapGet("/pup/doctor", () => Results.Content("{}", "application/json"))))
            (await OverAsync(host.Address.ToString(), null)).Ends(1, "not Pup's");
        (await OverAsync("http://127.0.0.1:1", null)).Ends(1, "http://127.0.0.1:1 cannot be reached");
    }

    private static Task<PupRun> OverAsync(string url, string? key, params string[] more) =>
        PupRun.RunAsync(new Dictionary<string, string>(), ["doctor", "--url", url, .. key is null ? Array.Empty<string>() : ["--key", key], .. more]);

    [GeneratedRegex("http://127.0.0.1:[0-9]+")]
    private static partial Regex Address();
}
