using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Pup.Client.Http.Health;
using Pup.Client.Operations;

namespace Pup.Tests.Http;

public sealed class HealthTests
{
    private const string Well = """{"status":"healthy"}""";
    private readonly FakeTimeProvider _time = new();
    private readonly ScriptedClient _client = new();

    [Fact]
    public async Task Lag_beyond_the_threshold_is_told_in_the_words_of_the_guide()
    {
        await using var host = await StartAsync();
        Assert.Equal((HttpStatusCode.OK, Well), await AskAsync(host));
        _client.Report = ScriptedClient.Of("orders", ProjectionCondition.Running, lag: 10_000);
        Assert.Equal((HttpStatusCode.OK, Well), await AskAsync(host));
        _client.Report = ScriptedClient.Of("orders", ProjectionCondition.Running, lag: 10_001);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","lag":10001,"threshold":10000}"""), await AskAsync(host));
    }

    [Fact]
    public async Task A_projection_has_the_threshold_that_is_configured_for_it()
    {
        await using var host = await StartAsync(("Pup:LagThreshold", "5"), ("Pup:LagThresholds:orders", "50"));
        _client.Report = ScriptedClient.Of("orders", ProjectionCondition.Running, lag: 50);
        Assert.Equal((HttpStatusCode.OK, Well), await AskAsync(host));
        _client.Report = ScriptedClient.Of("others", ProjectionCondition.Running, lag: 6);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","lag":6,"threshold":5}"""), await AskAsync(host));
    }

    [Fact]
    public async Task A_threshold_that_is_no_number_is_refused_at_the_start() =>
        Assert.Contains("Pup:LagThresholds:orders is 'many'", (await Assert.ThrowsAsync<FormatException>(() => StartAsync(("Pup:LagThresholds:orders", "many")))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Trouble_with_the_database_names_no_host_user_or_password()
    {
        await using var host = await StartAsync();
        _client.Failure = new NpgsqlException("Failed to connect to db.internal:5432");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","error":"The database cannot be reached."}"""), await AskAsync(host));
        _client.Failure = new PostgresException("password authentication failed for user \"hunter\"", "FATAL", "FATAL", "28P01");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"unhealthy","error":"The database refuses (28P01)."}"""), await AskAsync(host));
        _client.Failure = null;
        Assert.Equal((HttpStatusCode.OK, Well), await AskAsync(host));
    }

    [Fact]
    public async Task It_is_open_to_everybody_and_asks_the_database_once_a_second_however_many_there_are()
    {
        await using var host = await StartAsync(HttpHost.Keys);
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/health", null, null, request => request.Headers.Add("X-Forwarded-For", "203.0.113.5")));
        Assert.Single(_client.Calls);
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Head, "/health"));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync(HttpMethod.Get, "/pup/projections"));
    }

    [Theory]
    [InlineData(ProjectionCondition.Faulted, "it is faulted")]
    [InlineData(ProjectionCondition.NeverStarted, "it has never been started")]
    [InlineData(ProjectionCondition.NeedsRebuild, "it needs a rebuild")]
    [InlineData(ProjectionCondition.Unplaced, "no silo hosts it")]
    [InlineData(ProjectionCondition.ForeignWriter, "somebody else moves its checkpoint")]
    [InlineData(ProjectionCondition.LogWentBack, "the log went back")]
    [InlineData(ProjectionCondition.Unknown, "its state is not known")]
    public void What_does_not_run_is_not_healthy_though_it_has_no_lag(ProjectionCondition condition, string words)
    {
        var answer = HealthVerdict.Of([ScriptedClient.Of("fine"), ScriptedClient.Of("orders", condition) with { Reason = "an event said hunter2" }], static _ => 10);
        Assert.Equal(HealthAnswer.Failed($"Projection orders is not well: {words}."), answer);
    }

    [Theory]
    [InlineData(true, 29, true)]
    [InlineData(true, 30, false)]
    [InlineData(false, 0, false)]
    [InlineData(null, 0, false)]
    public void What_a_silo_left_is_not_well_once_nobody_took_it_over_in_time(bool? isHosted, int waiting, bool isHealthy)
    {
        var report = ScriptedClient.Of("orders", ProjectionCondition.Unplaced, lag: 1) with { IsHosted = isHosted, LagAge = TimeSpan.FromSeconds(waiting) };
        Assert.Equal(isHealthy, HealthVerdict.Of([report], static _ => 10).IsHealthy);
    }

    [Fact]
    public void The_projection_that_is_furthest_beyond_its_own_threshold_is_told_and_no_row_is_not_healthy()
    {
        var answer = HealthVerdict.Of([ScriptedClient.Of("a", lag: 900), ScriptedClient.Of("b", lag: 30), ScriptedClient.Of("c", ProjectionCondition.Faulted)], static name => name == "a" ? 1_000 : name == "b" ? 10 : 50);
        Assert.Equal(HealthAnswer.Behind(30, 10), answer);
        Assert.False(HealthVerdict.Of([], static _ => 10).IsHealthy);
        Assert.All(
            new[] { ProjectionCondition.Paused, ProjectionCondition.Parked, ProjectionCondition.Rebuilding, ProjectionCondition.StalledByWriter, ProjectionCondition.Running },
            condition => Assert.True(HealthVerdict.Of([ScriptedClient.Of("a", condition, lag: 10)], static _ => 10).IsHealthy));
    }

    private Task<HttpHost> StartAsync(params (string, string)[] settings) =>
        HttpHost.StartAsync(_client, settings, builder => builder.Services.AddSingleton<TimeProvider>(_time));

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(HttpHost host)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        using var answer = await host.SendAsync(HttpMethod.Get, "/health");
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
