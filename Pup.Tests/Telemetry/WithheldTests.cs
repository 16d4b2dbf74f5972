using System.Text.Json;
using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>What a silo tells the world, searched for what it must not tell.</summary>
public sealed class WithheldTests(PostgresServer server)
{
    private const string Payload = "planted-payload-7f3a";
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task No_metric_span_or_log_line_shows_a_payload_or_the_password_also_when_the_database_quotes_it()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        await using var sink = await OtlpSink.StartAsync();
        var address = new NpgsqlConnectionStringBuilder(server.TcpConnectionString(cluster.Database.Name)) { IncludeErrorDetail = true }.ConnectionString;
        var silo = await cluster.StartAtAsync(address, [.. sink.Environment, "DOTNET_RUNNING_IN_CONTAINER=true", "Pup__LogLevel=Debug", "Pup__MaxAttempts=2"]);

        await MetricsCluster.AppendAsync(silo, "BadQuery", "a", Payload, $"00-{Trace}-b7ad6b7169203331-01");
        await MetricsCluster.AppendAsync(silo, "BadNumber", "b", Payload);
        await Eventually.TrueAsync(async () => await cluster.Database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 2, MetricsCluster.Patience, $"two dead letters: {silo.Log()}");
        // The statements failed as they were meant to; whoever may read the table may read this.
        Assert.Contains(Payload, await cluster.Database.ScalarAsync<string>("select min(error) from projection_dead_letters"), StringComparison.Ordinal);
        Assert.Equal(Trace, await cluster.Database.ScalarAsync<string>("select trace_id from events where aggregate_id = 'a'"));

        await Eventually.TrueAsync(() => sink.Has("traces", "watched/0 batch") && sink.Has("traces", "attempt failed") && sink.Has("metrics", "pupsourcing_projection_errors"), MetricsCluster.Patience, $"spans and metrics arrive: {silo.Log()}");
        await Eventually.TrueAsync(() => sink.Has("traces", "Microsoft.AspNetCore.Hosting.HttpRequestIn"), MetricsCluster.Patience, "the request, too");
        Assert.True(sink.Has("traces", Convert.FromHexString(Trace)));
        Assert.True(sink.Has("traces", "22P02"));
        Assert.True(sink.Has("traces", "watched-silo"));
        // The statement's own span is there, without what the database said.
        Assert.True(sink.Has("traces", "it may quote data"), sink.Text("traces"));
        var scrape = await MetricsCluster.UntilAsync(silo, s => s.Sum("pupsourcing_projection_errors_total") > 0, "errors");
        await silo.TerminateAsync();
        await silo.ExitAsync();

        foreach (var secret in new[] { Payload, server.Password })
        {
            Assert.DoesNotContain(secret, scrape.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, silo.Log(), StringComparison.Ordinal);
            Assert.False(sink.Has("traces", secret), $"a span shows {secret}");
            Assert.False(sink.Has("metrics", secret), $"a metric shows {secret}");
        }

        // Of statements and connections as well, not even what is harmless here.
        Assert.False(sink.Has("traces", "insert into ledger"));
        Assert.False(sink.Has("traces", "Username="));

        // In a container: one JSON object a line, and what a batch says carries its trace.
        var lines = silo.Log().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var deadLetter = lines.First(line => line.GetProperty("Message").GetString()!.Contains("is a dead letter", StringComparison.Ordinal));
        Assert.EndsWith("See `pup dead-letters list`", deadLetter.GetProperty("Message").GetString(), StringComparison.Ordinal);
        Assert.Matches("after [0-9]+ attempts: (42703|22P02): ", deadLetter.GetProperty("Message").GetString());
        Assert.Equal(32, deadLetter.GetProperty("Scopes").EnumerateArray().Single(scope => scope.TryGetProperty("TraceId", out _)).GetProperty("TraceId").GetString()!.Length);
    }

    [Fact]
    public async Task Without_the_variables_nothing_is_sent_and_no_batch_has_a_span()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        await EventLog.AppendOneAsync(cluster.Database, "a", type: "Bad");
        var silo = await cluster.StartAsync("DOTNET_RUNNING_IN_CONTAINER=true");
        await Eventually.TrueAsync(() => silo.Log().Contains("is a dead letter", StringComparison.Ordinal), MetricsCluster.Patience, "a dead letter");
        Assert.DoesNotContain("SpanId", silo.Log(), StringComparison.Ordinal);
    }
}
