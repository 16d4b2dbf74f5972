using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pup.Silo.Configuration;
using Pup.Silo.Web;
using Pup.Tests.Support;

namespace Pup.Tests.Http;

/// <summary>All that a silo serves, metrics and whatever else is mapped there one day.</summary>
public sealed partial class SiloAccessTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, HttpStatusCode.Unauthorized)]
    [InlineData(false, HttpStatusCode.Forbidden)]
    public async Task Only_health_is_open_with_keys_and_without(bool withKeys, HttpStatusCode expected)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var flags = new Dictionary<string, string> { ["ConnectionString"] = database.ConnectionString, ["Http"] = "127.0.0.1:0", ["Gateway"] = "false", ["LogLevel"] = "Critical" };
        var keys = withKeys ? HttpHost.Keys.Select(key => KeyValuePair.Create(key.Item1.Replace(":", "__", StringComparison.Ordinal), key.Item2)) : [];
        await using var app = SiloWeb.Create(
            ConfigurationLoader.Load(flags.ToDictionary(flag => flag.Key, flag => new SourcedValue(flag.Value, "the test")), keys, file: null),
            static pup => pup.AddProjection<LedgerProjection>());
        await app.StartAsync(Token);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var routes = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/')).Distinct().ToArray();
        Assert.Contains("/metrics", routes);
        Assert.Contains("/pup/doctor", routes);
        foreach (var route in routes)
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete })
            {
                using var request = new HttpRequestMessage(method, Filled(route));
                request.Headers.Add("X-Forwarded-For", "203.0.113.5");
                using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
                if (route is "/health" or "/health/ready" or "/health/live")
                    Assert.NotEqual(expected, answer.StatusCode);
                else
                    Assert.True(answer.StatusCode == expected || answer.StatusCode == HttpStatusCode.MethodNotAllowed, $"{method} {route}: {answer.StatusCode}");
            }
        }

        await app.StopAsync(Token);
    }

    // Whoever maps routes of its own names parameters as it likes.
    private static string Filled(string route) => Parameter().Replace(route, static parameter => parameter.Value is "{name}" ? "ledger" : "1");

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
