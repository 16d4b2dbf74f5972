using System.Text.Json;

namespace Pup.Tests.Http;

public sealed class OpenApiTests
{
    [Fact]
    public async Task The_document_lists_every_route_with_what_it_takes_and_answers()
    {
        await using var host = await HttpHost.StartAsync(new ScriptedClient());
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync(new Uri("/pup/openapi.json", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.StartsWith("3.", document.RootElement.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var described = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => (Route: $"{method.Name.ToUpperInvariant()} {path.Name}", method.Value)))
            .ToDictionary(route => route.Route, route => route.Value);
        Assert.Equal(
            host.Routes.Where(route => !route.Pattern.StartsWith("/health", StringComparison.Ordinal)).Select(route => $"{route.Method} {route.Pattern}").Order(),
            described.Keys.Order());
        Assert.All(described.Values, route =>
        {
            Assert.NotEmpty(route.GetProperty("summary").GetString()!);
            Assert.Contains("'pup ", route.GetProperty("description").GetString(), StringComparison.Ordinal);
            Assert.Contains(route.GetProperty("responses").EnumerateObject(), response => response.Name[0] == '2');
            Assert.Contains(route.GetProperty("responses").EnumerateObject(), response => response.Name == "401");
        });
        Assert.All(
            described.Where(route => route.Key.EndsWith("/wait", StringComparison.Ordinal) || route.Key.EndsWith("/partitions", StringComparison.Ordinal) || route.Key.EndsWith("/retry", StringComparison.Ordinal)),
            route => Assert.True(route.Value.GetProperty("requestBody").GetProperty("content").TryGetProperty("application/json", out _), route.Key));
        Assert.Equal("bearer", document.RootElement.GetProperty("components").GetProperty("securitySchemes").GetProperty("key").GetProperty("scheme").GetString());
    }
}
