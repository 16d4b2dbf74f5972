using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using Pup.Client.Http;
using Pup.Client.Operations;

namespace Pup.Tests.Http;

public sealed class StreamTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly ScriptedClient _client = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Status_is_told_as_it_changes_while_the_answer_is_still_open()
    {
        await using var host = await HttpHost.StartAsync(_client);
        await using var events = await OpenAsync(host, "/pup/projections/orders/events");
        Assert.Equal(("status", 0), await NextAsync(events));
        _client.Report = ScriptedClient.Of("orders", ProjectionCondition.Running, lag: 7);
        Assert.Equal(("status", 7), await NextAsync(events));

        _client.Failure = new NpgsqlException("db.internal is gone");
        Assert.Equal("trouble", (await NextAsync(events)).Type);
        Assert.DoesNotContain("db.internal", events.Current.Data, StringComparison.Ordinal);
        _client.Failure = null;
        Assert.Equal(("status", 7), await NextAsync(events));

        _client.Report = ScriptedClient.Of("another");
        Assert.Equal("refused", (await NextAsync(events)).Type);
        Assert.Equal("end", (await NextAsync(events)).Type);
        Assert.False(await events.MoveNextAsync().AsTask().WaitAsync(_patience, Token));
    }

    [Fact]
    public async Task A_rebuild_is_begun_by_one_request_and_watched_by_others_until_it_is_done()
    {
        await using var host = await HttpHost.StartAsync(_client);
        Assert.Equal(HttpStatusCode.NotFound, await host.StatusAsync(HttpMethod.Get, "/pup/projections/orders/rebuild"));
        using (var begun = await host.SendAsync(HttpMethod.Post, "/pup/projections/orders/rebuild"))
        {
            Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
            Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, begun.Headers.Location!.ToString()));
        }

        await using var events = await OpenAsync(host, "/pup/projections/orders/rebuild/events");
        Assert.Equal(("progress", 0), await NextAsync(events));
        _client.Report = _client.Report with { Rebuild = _client.Report.Rebuild! with { Applied = 40 } };
        Assert.Equal(("progress", 40), await NextAsync(events));
        _client.Report = _client.Report with { Rebuild = null };
        Assert.Equal(("progress", 100), await NextAsync(events));
        Assert.Equal("end", (await NextAsync(events)).Type);
    }

    [Fact]
    public async Task A_rebuild_that_is_given_up_is_said_to_be()
    {
        _client.Report = _client.Report with { Rebuild = new(0, 100, DateTimeOffset.UnixEpoch, null, false) };
        await using var host = await HttpHost.StartAsync(_client);
        await using var events = await OpenAsync(host, "/pup/projections/orders/rebuild/events");
        Assert.Equal("progress", (await NextAsync(events)).Type);
        _client.Report = ScriptedClient.Of("orders", ProjectionCondition.NeedsRebuild);
        Assert.Equal("refused", (await NextAsync(events)).Type);
        Assert.Equal("end", (await NextAsync(events)).Type);
    }

    [Fact]
    public async Task Who_listens_does_not_hold_up_a_process_that_stops()
    {
        await using var host = await HttpHost.StartAsync(_client);
        await using var status = await OpenAsync(host, "/pup/projections/orders/events");
        await using var caughtUp = await OpenAsync(host, "/pup/projections/orders/catch-up");
        Assert.Equal("status", (await NextAsync(status)).Type);
        Assert.Equal("status", (await NextAsync(caughtUp)).Type);
        await host.StopAsync().WaitAsync(TimeSpan.FromSeconds(10), Token);
        // Without "end": it was cut, and is taken up again elsewhere.
        Assert.False(await status.MoveNextAsync().AsTask().WaitAsync(_patience, Token));
        Assert.False(await caughtUp.MoveNextAsync().AsTask().WaitAsync(_patience, Token));
    }

    [Fact]
    public async Task Who_waits_for_what_operators_alone_may_see_does_not_hold_it_up_either()
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await HttpHost.StartAsync(_client, use: app => app.MapGet("/slow", (CancellationToken cancellationToken) =>
        {
            began.SetResult();
            return new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        }).RequirePup(app, PupPolicies.Operate));
        var asked = host.StatusAsync(HttpMethod.Get, "/slow");
        await began.Task.WaitAsync(_patience, Token);
        await host.StopAsync().WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await asked);
    }

    private static async Task<IAsyncEnumerator<SseItem<string>>> OpenAsync(HttpHost host, string path)
    {
        var answer = await host.SendAsync(HttpMethod.Get, path);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        return SseParser.Create(await answer.Content.ReadAsStreamAsync(Token)).EnumerateAsync(Token).GetAsyncEnumerator(Token);
    }

    /// <summary>The next event, and the number that the test looks at.</summary>
    private static async Task<(string Type, long Number)> NextAsync(IAsyncEnumerator<SseItem<string>> events)
    {
        Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(_patience, Token), "The stream is over.");
        using var data = JsonDocument.Parse(events.Current.Data);
        var number = data.RootElement.TryGetProperty("lag", out var lag) ? lag : data.RootElement.TryGetProperty("applied", out var applied) ? applied : default;
        return (events.Current.EventType, number.ValueKind == JsonValueKind.Number ? number.GetInt64() : -1);
    }
}
