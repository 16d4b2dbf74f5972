using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Pup.Client;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Silo.Configuration;
using Pup.Silo.Web;
using Pup.Tests.Support;

namespace Pup.Tests.Http;

/// <summary>What <c>pup run</c> says of its health, with a server of its own that stops and a handler that spins.</summary>
public sealed class SiloHealthTests
{
    private const string Well = """{"status":"healthy"}""";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_is_by_lag_and_database_and_readiness_never_by_lag_and_nobody_is_named()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server);
        var connection = server.TcpConnectionString(database.Name);
        await using var app = await StartAsync(connection, static pup => pup.AddProjection<LedgerProjection>());
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        await UntilAsync(http, "/health", HttpStatusCode.OK, Well);
        await UntilAsync(http, "/health/ready", HttpStatusCode.OK, Well);

        await app.Services.GetRequiredService<IProjectionClient>().PauseAsync("ledger", Token);
        await EventLog.AppendAsync(database, 30, 10);
        await UntilAsync(http, "/health", HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","lag":30,"threshold":20}""");
        await UntilAsync(http, "/health/ready", HttpStatusCode.OK, Well);
        await app.Services.GetRequiredService<IProjectionClient>().ResumeAsync("ledger", Token);
        await UntilAsync(http, "/health", HttpStatusCode.OK, Well);

        await server.StopImmediateAsync();
        await UntilAsync(http, "/health", HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","error":"The database cannot be reached."}""");
        await UntilAsync(http, "/health/ready", HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","error":"The database cannot be reached."}""");
        await UntilAsync(http, "/health/live", HttpStatusCode.OK, Well);
        using (var refused = await http.GetAsync(new Uri("/pup/projections", UriKind.Relative), Token))
        {
            var said = await refused.Content.ReadAsStringAsync(Token);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.All(new[] { "127.0.0.1", "postgres", server.Password, server.Port.ToString(CultureInfo.InvariantCulture), database.Name }, secret => Assert.DoesNotContain(secret, said, StringComparison.Ordinal));
        }

        await server.StartAgainAsync();
        await UntilAsync(http, "/health", HttpStatusCode.OK, Well);
        await UntilAsync(http, "/health/ready", HttpStatusCode.OK, Well);
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task A_handler_that_spins_and_ignores_its_token_makes_health_red()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 5, 5);
        using var release = new ManualResetEventSlim();
        await using var app = await StartAsync(
            database.ConnectionString,
            pup =>
            {
                pup.Services.AddSingleton<Func<Client.Events.PersistedEvent, Grains.Projections.ProjectionTransaction, CancellationToken, ValueTask>>((_, _, _) =>
                {
                    release.Wait(CancellationToken.None);
                    return ValueTask.CompletedTask;
                });
                pup.AddProjection<LedgerProjection>(static options => options.HandlerTimeout = TimeSpan.FromMilliseconds(200));
            });
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        await UntilAsync(http, "/health", HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","error":"Projection ledger is not well: it is faulted."}""");
        await UntilAsync(http, "/health/ready", HttpStatusCode.OK, Well);
        release.Set();
        await app.StopAsync(Token);
    }

    private static async Task<WebApplication> StartAsync(string connection, Action<PupBuilder> addProjections)
    {
        var flags = new Dictionary<string, string>
        {
            ["ConnectionString"] = connection,
            ["Http"] = "127.0.0.1:0",
            ["LagThreshold"] = "20",
            ["Gateway"] = "false",
            ["SkipInterval"] = "100ms",
            ["HandlerGrace"] = "200ms",
            ["LogLevel"] = "Critical",
            ["HaltedPollInterval"] = "200ms",
        };
        var configuration = ConfigurationLoader.Load(flags.ToDictionary(flag => flag.Key, flag => new SourcedValue(flag.Value, "the test")), [], file: null);
        var app = SiloWeb.Create(configuration, addProjections);
        await app.StartAsync(Token);
        return app;
    }

    private static async Task UntilAsync(HttpClient http, string path, HttpStatusCode status, string body)
    {
        var (lastStatus, lastBody) = (default(HttpStatusCode), "");
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Token);
                    (lastStatus, lastBody) = (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
                    return (lastStatus, lastBody) == (status, body);
                },
                _patience,
                "the answer is as it should be");
        }
        catch (Xunit.Sdk.XunitException)
        {
            Assert.Equal((path, status, body), (path, lastStatus, lastBody));
        }
    }
}
