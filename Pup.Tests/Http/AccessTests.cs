using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;

namespace Pup.Tests.Http;

/// <summary>Walks all routes there are, so that one that is added tomorrow is asked the same.</summary>
public sealed class AccessTests
{
    // What a reader may call. All other routes, whatever they are, are for operators.
    private static readonly HashSet<string> _readable =
    [
        "GET /pup/projections", "GET /pup/projections/{name}", "GET /pup/projections/{name}/events", "GET /pup/projections/{name}/catch-up",
        "GET /pup/projections/{name}/rebuild", "GET /pup/projections/{name}/rebuild/events", "GET /pup/projections/{name}/dead-letters",
        "POST /pup/projections/{name}/wait", "GET /pup/openapi.json",
    ];

    private static readonly string[] _open = ["GET /health", "HEAD /health"];

    [Fact]
    public async Task Without_a_key_nothing_is_answered_and_nothing_is_done()
    {
        var client = new ScriptedClient();
        await using var host = await HttpHost.StartAsync(client, HttpHost.Keys);
        foreach (var (method, path, name) in Guarded(host))
        {
            foreach (var key in new[] { null, "", "wrong", HttpHost.ReadKey + "x", HttpHost.ReadKey[..^1], new string('k', 5_000) })
                await RefusedAsync(host, HttpStatusCode.Unauthorized, method, path, name, key);
            await RefusedAsync(host, HttpStatusCode.Unauthorized, method, path, name, null, request => request.Headers.Add("X-Api-Key", ["one", HttpHost.OperateKey]));
            await RefusedAsync(host, HttpStatusCode.Unauthorized, method, path, name, null, request => request.Content = new StringContent("text"));
        }

        Assert.Empty(client.Calls);
    }

    [Fact]
    public async Task A_key_that_reads_does_not_operate_nor_see_payloads()
    {
        var client = new ScriptedClient { Report = ScriptedClient.Of("orders") with { Rebuild = new(1, 2, DateTimeOffset.UnixEpoch, null, true) } };
        client.Goes.SetResult();
        await using var host = await HttpHost.StartAsync(client, HttpHost.Keys);
        foreach (var (method, path, name) in Guarded(host))
        {
            if (_readable.Contains(name))
                Assert.True((int)await host.StatusAsync(method, path, HttpHost.ReadKey, BodyOf(path)) is >= 200 and < 300, name);
            else
                await RefusedAsync(host, HttpStatusCode.Forbidden, method, path, name, HttpHost.ReadKey);
        }

        Assert.All(client.Calls, call => Assert.Matches("^(list|get|letters|catch up|wait)", call));
        Assert.Equal("viewer", client.Actor);
    }

    [Fact]
    public async Task A_key_that_operates_does_all_in_its_own_name()
    {
        var client = new ScriptedClient { Report = ScriptedClient.Of("orders") with { Rebuild = new(1, 2, DateTimeOffset.UnixEpoch, null, true) } };
        client.Goes.SetResult();
        await using var host = await HttpHost.StartAsync(client, HttpHost.Keys);
        foreach (var (method, path, name) in Guarded(host))
        {
            Assert.True((int)await host.StatusAsync(method, path, HttpHost.OperateKey, BodyOf(path)) is >= 200 and < 300, name);
            Assert.True((int)await host.StatusAsync(method, path, null, BodyOf(path), request => request.Headers.Add("X-Api-Key", HttpHost.OperateKey)) is >= 200 and < 300, name);
        }

        Assert.Equal("ops", client.Actor);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Host", "localhost")]
    [InlineData("x-forwarded-anything", "")]
    [InlineData("Forwarded", "for=127.0.0.1")]
    [InlineData("X-Real-IP", "127.0.0.1")]
    [InlineData("X-Original-For", "127.0.0.1")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("Host", "evil.example")]
    [InlineData("Host", "localhost.evil.example")]
    [InlineData("Host", "10.0.0.1")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task While_no_key_is_configured_a_proxy_or_a_foreign_name_is_refused_everywhere(string header, string value)
    {
        var client = new ScriptedClient();
        await using var host = await HttpHost.StartAsync(client);
        foreach (var (method, path, name) in Guarded(host))
            await RefusedAsync(host, HttpStatusCode.Forbidden, method, path, name, null, request => request.Headers.TryAddWithoutValidation(header, value));
        Assert.Empty(client.Calls);
    }

    [Fact]
    public async Task While_no_key_is_configured_another_machine_is_refused_everywhere()
    {
        var client = new ScriptedClient();
        IPAddress? caller = null;
        await using var host = await HttpHost.StartAsync(client, use: app => app.Use((context, next) =>
        {
            context.Connection.RemoteIpAddress = caller;
            return next(context);
        }));
        foreach (var elsewhere in new[] { IPAddress.Parse("203.0.113.5"), IPAddress.Parse("::ffff:10.0.0.1"), null })
        {
            caller = elsewhere;
            foreach (var (method, path, name) in Guarded(host))
                await RefusedAsync(host, HttpStatusCode.Forbidden, method, path, name, null);
        }

        Assert.Empty(client.Calls);
        caller = IPAddress.Parse("::ffff:127.0.0.1");
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/pup/projections"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("localhost")]
    [InlineData("[::1]:8080")]
    [InlineData("127.0.0.1:1")]
    public async Task While_no_key_is_configured_this_machine_may_do_everything(string? hostName)
    {
        var client = new ScriptedClient { Report = ScriptedClient.Of("orders") with { Rebuild = new(1, 2, DateTimeOffset.UnixEpoch, null, true) } };
        client.Goes.SetResult();
        await using var host = await HttpHost.StartAsync(client);
        foreach (var (method, path, name) in Guarded(host))
            Assert.True((int)await host.StatusAsync(method, path, null, BodyOf(path), request => request.Headers.Host = hostName) is >= 200 and < 300, name);
        Assert.Equal("loopback", client.Actor);
    }

    [Fact]
    public async Task A_form_or_a_page_of_another_site_changes_nothing_though_the_browser_knows_the_key()
    {
        var client = new ScriptedClient();
        await using var host = await HttpHost.StartAsync(client, HttpHost.Keys);
        foreach (var (method, path, name) in Guarded(host).Where(route => route.Method != HttpMethod.Get))
        {
            await RefusedAsync(host, HttpStatusCode.Forbidden, method, path, name, HttpHost.OperateKey, request => request.Headers.Add("Origin", "https://evil.example"));
            foreach (var type in new[] { "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; a=application/json" })
            {
                await RefusedAsync(host, HttpStatusCode.UnsupportedMediaType, method, path, name, HttpHost.OperateKey, request =>
                {
                    request.Content!.Headers.Remove("Content-Type");
                    request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
                });
            }

            if (method != HttpMethod.Delete)
                await RefusedAsync(host, HttpStatusCode.UnsupportedMediaType, method, path, name, HttpHost.OperateKey, request => request.Content = null);
        }

        Assert.Empty(client.Calls);
        Assert.Equal(HttpStatusCode.NoContent, await host.StatusAsync(HttpMethod.Post, "/pup/projections/orders/pause", HttpHost.OperateKey, null, request => request.Headers.Add("Origin", host.Address.GetLeftPart(UriPartial.Authority))));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/pup/projections", HttpHost.ReadKey, null, request => request.Headers.Add("Origin", "https://console.example")));
    }

    private static (HttpMethod Method, string Path, string Name)[] Guarded(HttpHost host)
    {
        (HttpMethod, string, string Name)[] routes =
        [
            .. host.Routes.Select(route => (route.Method, PathOf(route.Pattern), Name: $"{route.Method} {route.Pattern}")).Where(route => !_open.Contains(route.Name)),
        ];
        Assert.True(routes.Length >= 18, $"There are only {routes.Length} routes.");
        return routes;
    }

    private static string PathOf(string pattern) =>
        pattern.Replace("{name}", "orders", StringComparison.Ordinal).Replace("{id}", "1", StringComparison.Ordinal);

    private static string BodyOf(string path) => path switch
    {
        _ when path.EndsWith("/partitions", StringComparison.Ordinal) => """{"partitions":8}""",
        _ when path.EndsWith("/wait", StringComparison.Ordinal) => """{"positions":[7],"timeout":"00:00:01"}""",
        _ when path.Contains("/dead-letters/", StringComparison.Ordinal) => """{"all":true}""",
        _ => "",
    };

    private static async Task RefusedAsync(HttpHost host, HttpStatusCode status, HttpMethod method, string path, string name, string? key, Action<HttpRequestMessage>? with = null)
    {
        using var answer = await host.SendAsync(method, path, key, BodyOf(path), with);
        Assert.True(status == answer.StatusCode, $"{name} answered {answer.StatusCode}, not {status}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((int)status, problem.RootElement.GetProperty("status").GetInt32());
    }
}
