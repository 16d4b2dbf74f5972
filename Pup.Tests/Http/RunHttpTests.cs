using System.Net;
using System.Text.RegularExpressions;
using Pup.Client.Http;
using Pup.Silo.Configuration;
using Pup.Silo.Web;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Http;

/// <summary><c>pup run</c> with HTTP, as a process.</summary>
public sealed partial class RunHttpTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_listens_where_it_says_and_stops_in_good_order_while_somebody_listens_to_it()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 5);
        await using var silo = SiloProcess.Start(database.ConnectionString, "run", "--http=127.0.0.1:0");
        await silo.SaysAsync("only callers on this machine are let in");
        using var http = new HttpClient { BaseAddress = new Uri(Address().Match(silo.Log()).Value) };
        Assert.Equal("""{"status":"healthy"}""", await http.GetStringAsync(new Uri("/health/live", UriKind.Relative), Token));
        await Eventually.TrueAsync(async () => (await StatusAsync(http, "/health"), await StatusAsync(http, "/health/ready")) == (HttpStatusCode.OK, HttpStatusCode.OK), TimeSpan.FromSeconds(60), "healthy and ready");
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, "/nothing"));
        using var client = new HttpProjectionClient(new Uri(http.BaseAddress, "/pup"));
        Assert.Equal(["counter", "ledger"], (await client.ListAsync(Token)).Select(projection => projection.Projection));

        using var listening = await http.GetAsync(new Uri("/pup/projections/ledger/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Token);
        await silo.TerminateAsync();
        Assert.Equal(0, await silo.ExitAsync());
        Assert.Contains("stopped gracefully", silo.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_and_thresholds_come_from_environment_and_file_and_what_cannot_be_meant_is_one_line()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using (var silo = SiloProcess.Start(
            database.ConnectionString, "run", "--http=127.0.0.1:0", "Pup__ApiKeys__0__Name=viewer", $"Pup__ApiKeys__0__Key={HttpHost.ReadKey}", "Pup__ApiKeys__0__Role=read", "Pup__LagThresholds__ledger=5"))
        {
            await silo.SaysAsync("listening on");
            Assert.Contains("API keys: viewer (pup read, ", silo.Log(), StringComparison.Ordinal);
            Assert.DoesNotContain(HttpHost.ReadKey, silo.Log(), StringComparison.Ordinal);
            using var http = new HttpClient { BaseAddress = new Uri(Address().Match(silo.Log()).Value) };
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(http, "/pup/projections"));
            using var client = new HttpProjectionClient(new Uri(http.BaseAddress, "/pup"), HttpHost.ReadKey);
            await client.ListAsync(Token);
            await Assert.ThrowsAsync<UnauthorizedAccessException>(() => client.PauseAsync("ledger", Token));
        }

        foreach (var (wrong, words) in new[]
        {
            ("--http=8080", "must be an address with a port"), ("Pup__LagThresholds__ledger=many", "Pup:LagThresholds:ledger is 'many'"), ("--api-key-file=/nothing/here", "cannot be read"), ("Pup__ApiKeys__0__Name=x", "The role of API key 'x'"),
        })
        {
            await using var silo = SiloProcess.Start(database.ConnectionString, ["run", .. wrong.StartsWith("--http", StringComparison.Ordinal) ? [] : new[] { "--http=127.0.0.1:0" }, wrong]);
            Assert.Equal(2, await silo.ExitAsync());
            await silo.SaysAsync(words);
        }
    }

    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1:8080")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    [InlineData("[::1]:80", "[::1]:80")]
    [InlineData("localhost:8080", "127.0.0.1:8080")]
    [InlineData("8080", null)]
    [InlineData(":8080", null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("::1:8080", null)]
    [InlineData("127.0.0.1:99999", null)]
    [InlineData("http://127.0.0.1:8080", null)]
    [InlineData("example.org:80", null)]
    public void Only_an_address_with_a_port_is_one(string text, string? expected)
    {
        if (expected is null)
            Assert.Contains($"Http is '{text}'", Assert.Throws<ConfigurationException>(() => HttpAddress.Parse(text)).Message, StringComparison.Ordinal);
        else
            Assert.Equal(expected, HttpAddress.Parse(text).ToString());
    }

    [Fact]
    public async Task Lists_and_tables_of_the_file_and_of_the_environment_are_handed_on()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """{ "Pup": { "LagThreshold": 7, "ApiKeys": [{ "Name": "a", "Role": "read" }], "LagThresholds": { "orders": 5, "x": 1 } } }""", Token);
        var configuration = ConfigurationLoader.Load(new Dictionary<string, SourcedValue>(), [new("Pup__LagThresholds__orders", "9")], file);
        File.Delete(file);
        Assert.Equal(7, configuration.Http.LagThreshold);
        Assert.Equal(
            [("Pup:ApiKeys:0:Name", "a"), ("Pup:ApiKeys:0:Role", "read"), ("Pup:LagThresholds:orders", "9"), ("Pup:LagThresholds:x", "1")],
            configuration.Nested.Select(value => (value.Key, value.Value)).Order());
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Token);
        return answer.StatusCode;
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
