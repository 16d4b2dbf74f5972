using System.Net;
using System.Text.Json;
using Npgsql;
using Pup.Client.Operations;

namespace Pup.Tests.Http;

public sealed class ProblemTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<Exception, int, string> Failures => new()
    {
        { new ProjectionNotFoundException("orders"), 404, "There is no projection 'orders'" },
        { new ProjectionRefusedException("It cannot be reset."), 409, "It cannot be reset." },
        { new ClusterUnavailableException("No silo answered."), 503, "No silo answered." },
        { new NpgsqlException("Failed to connect to db.internal:5432 as hunter"), 503, "The database cannot be reached." },
        { new PostgresException("password authentication failed for user \"hunter\"", "FATAL", "FATAL", "28P01"), 503, "The database refuses (28P01)." },
        { new TimeoutException("db.internal"), 503, "The database cannot be reached." },
        { new InvalidOperationException("db.internal hunter"), 500, "the log of the process says what" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_fails_is_told_as_problem_details_without_host_or_user(Exception failure, int status, string detail)
    {
        await using var host = await HttpHost.StartAsync(new ScriptedClient { Failure = failure });
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/pup/projections/orders"), (HttpMethod.Post, "/pup/projections/orders/pause"), (HttpMethod.Post, "/pup/projections/orders/rebuild"), (HttpMethod.Get, "/pup/projections/orders/events"), (HttpMethod.Get, "/pup/projections/orders/catch-up") })
        {
            using var answer = await host.SendAsync(method, path);
            var text = await answer.Content.ReadAsStringAsync(Token);
            Assert.Equal(("application/problem+json", status), (answer.Content.Headers.ContentType?.MediaType, (int)answer.StatusCode));
            using var problem = JsonDocument.Parse(text);
            Assert.Contains(detail, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.DoesNotContain("db.internal", text, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"all":false}""")]
    [InlineData("""{"all":true,"key":"k"}""")]
    [InlineData("""{"error":""}""")]
    [InlineData("""{"key":"k","eror":"x"}""")]
    [InlineData("""{"key":"k","key":"l"}""")]
    [InlineData("""{"id":"1"}""")]
    [InlineData("""{"id":1e3}""")]
    [InlineData("""{"id":99999999999999999999}""")]
    [InlineData("""{"key":"a\u0000b"}""")]
    [InlineData("""{"key":"\ud800"}""")]
    public async Task A_selection_of_dead_letters_that_does_not_say_which_selects_none(string body)
    {
        var client = new ScriptedClient();
        await using var host = await HttpHost.StartAsync(client);
        foreach (var what in new[] { "retry", "discard" })
            Assert.Equal(HttpStatusCode.BadRequest, await host.StatusAsync(HttpMethod.Post, $"/pup/projections/orders/dead-letters/{what}", null, body));
        Assert.Empty(client.Calls);
    }

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=1001")]
    [InlineData("?limit=many")]
    [InlineData("?limit=1&limit=2")]
    [InlineData("?after=99999999999999999999")]
    [InlineData("?error=%00")]
    [InlineData("?key=a%00b")]
    [InlineData("?key=%ED%A0%80%00")]
    public async Task A_list_of_dead_letters_takes_only_what_it_can_mean(string query)
    {
        var client = new ScriptedClient();
        await using var host = await HttpHost.StartAsync(client);
        using var answer = await host.SendAsync(HttpMethod.Get, "/pup/projections/orders/dead-letters" + query);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Empty(client.Calls);
    }

    [Theory]
    [InlineData("partitions", """{"partitions":0}""")]
    [InlineData("partitions", """{"partitions":-1}""")]
    [InlineData("partitions", """{"partitions":10001}""")]
    [InlineData("partitions", """{"partitions":8.5}""")]
    [InlineData("partitions", """{"partitions":"8"}""")]
    [InlineData("partitions", """{"partitions":null}""")]
    [InlineData("partitions", "{}")]
    [InlineData("wait", """{"positions":[],"timeout":"00:00:01"}""")]
    [InlineData("wait", """{"positions":null,"timeout":"00:00:01"}""")]
    [InlineData("wait", """{"positions":[0],"timeout":"00:00:01"}""")]
    [InlineData("wait", """{"positions":[1]}""")]
    [InlineData("wait", """{"positions":[1],"timeout":"-00:00:01"}""")]
    [InlineData("wait", """{"positions":[1],"timeout":"01:00:00"}""")]
    [InlineData("wait", """{"positions":[1],"timeout":"soon"}""")]
    [InlineData("wait", """{"positions":[1],"timeout":"00:00:01","lastVersion":-1}""")]
    public async Task What_cannot_be_meant_is_malformed(string what, string body)
    {
        var client = new ScriptedClient();
        await using var host = await HttpHost.StartAsync(client);
        Assert.Equal(HttpStatusCode.BadRequest, await host.StatusAsync(what == "wait" ? HttpMethod.Post : HttpMethod.Put, $"/pup/projections/orders/{what}", null, body));
        Assert.Empty(client.Calls);
    }

    [Fact]
    public async Task More_than_a_body_may_have_is_refused_before_it_is_read()
    {
        await using var host = await HttpHost.StartAsync(new ScriptedClient());
        Assert.Equal(
            HttpStatusCode.RequestEntityTooLarge,
            await host.StatusAsync(HttpMethod.Post, "/pup/projections/orders/dead-letters/retry", null, $$"""{"key":"{{new string('k', 2 << 20)}}"}"""));
    }
}
