using System.Collections.Concurrent;
using System.Diagnostics;
using Pup.Client.Events;
using Pup.Tests.Support;
using EventLog = Pup.Tests.Support.EventLog;

namespace Pup.Tests.Telemetry;

public sealed class TraceTests(PostgresServer server)
{
    private static readonly ActivitySource _requests = new("Pup.Tests.Requests");

    [Fact]
    public async Task From_the_request_that_appended_a_link_leads_to_the_batch_that_projected_and_to_its_statements()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        using var spans = new Spans();
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(static () => new LedgerProjection("traced", LiveAsync));
        await engine.CaughtUpAsync(database);

        ActivityContext appended;
        using (var request = _requests.StartActivity("POST /orders"))
        {
            appended = request!.Context;
            await new EventStore(database.DataSource).AppendAsync(
                "Test", "Thing", "a", ExpectedVersion.Any, [new Event { EventType = "Happened", Payload = "{}"u8.ToArray() }], TestContext.Current.CancellationToken);
        }

        await Eventually.TrueAsync(() => spans.Of("traced/0 batch").Any(), TimeSpan.FromSeconds(30), "a batch has a span");
        var batch = Assert.Single(spans.Of("traced/0 batch"));
        var link = Assert.Single(batch.Links);
        Assert.Equal((appended.TraceId, appended.SpanId), (link.Context.TraceId, link.Context.SpanId));
        Assert.Equal((default, ActivityStatusCode.Unset), (batch.ParentSpanId, batch.Status));
        Assert.Equal(("traced", 0, 1, 1L), (batch.GetTagItem("pup.projection"), batch.GetTagItem("pup.partition"), batch.GetTagItem("pup.events"), batch.GetTagItem("pup.from")));
        var commit = Assert.Single(spans.Below(batch), span => span.OperationName == "commit");
        // The fence and the handler's own query, and what commits.
        var statements = spans.Below(batch).Where(span => span != commit).Concat(spans.Below(commit)).ToList();
        Assert.Equal(3, statements.Count);
        Assert.All(statements, statement => Assert.Equal(("Npgsql", null, "pup"), (statement.Source.Name, statement.GetTagItem("db.query.text"), statement.GetTagItem("db.npgsql.data_source"))));
    }

    [Fact]
    public async Task Handlers_that_run_ahead_belong_to_their_own_batch_and_what_all_share_belongs_to_none()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 60, 7);
        using var spans = new Spans();
        var handled = new ConcurrentDictionary<long, Activity?>();
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(
                () => new LedgerProjection("ahead", (@event, _, _) =>
                {
                    handled[@event.GlobalPosition] = Activity.Current;
                    return ValueTask.CompletedTask;
                }),
                configure: options => options.BatchSize = 10);
            await engine.CaughtUpAsync(database);
            await Eventually.TrueAsync(() => spans.Of("ahead/0 batch").Count() == 6, TimeSpan.FromSeconds(30), "six batches");
        }

        Assert.Equal(60, handled.Count);
        Assert.All(handled, one => Assert.InRange(one.Key, (long)one.Value!.GetTagItem("pup.from")!, (long)one.Value.GetTagItem("pup.up_to")!));
        Assert.All(spans.Of("ahead/0 batch"), batch => Assert.Equal((1, default), (spans.Below(batch).Count, batch.ParentSpanId)));
        // Looks, pages, ownership: they would be hundreds.
        Assert.DoesNotContain(spans.All, span => span.Source.Name == "Npgsql" && span.ParentSpanId == default && span.GetTagItem("db.namespace") as string == database.Name && span.GetTagItem("db.npgsql.data_source") as string == "pup");
    }

    [Fact]
    public async Task A_batch_that_failed_says_how_in_no_words_but_the_errors_type()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        using var spans = new Spans();
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(
            static () => new LedgerProjection("failing", static (_, _, _) => throw new InvalidOperationException("secret words")),
            configure: options => options.ErrorPolicy = Grains.ErrorPolicy.Stop);
        await Eventually.TrueAsync(() => spans.Of("failing/0 batch").Any(), TimeSpan.FromSeconds(30), "the batch has ended");

        var batch = spans.Of("failing/0 batch").First();
        Assert.Equal((ActivityStatusCode.Error, "System.InvalidOperationException"), (batch.Status, batch.StatusDescription));
        Assert.Equal(3, batch.Events.Count());
        Assert.DoesNotContain(batch.Events.SelectMany(one => one.Tags), tag => tag.Value?.ToString()?.Contains("secret", StringComparison.Ordinal) == true);
    }

    private static async ValueTask LiveAsync(PersistedEvent @event, Grains.Projections.ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var live = await transaction.OpenAsync(cancellationToken);
        await using var command = live.Connection!.CreateCommand();
        command.Transaction = live;
        command.CommandText = "select $1::text";
        command.Parameters.Add(new Npgsql.NpgsqlParameter<string> { TypedValue = @event.AggregateId });
        await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>All spans of this process while it lives, those of other tests among them.</summary>
    private sealed class Spans : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = new();
        private readonly ActivityListener _listener;

        public Spans()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name is "Pup" or "Npgsql" or "Pup.Tests.Requests",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = _ended.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public IEnumerable<Activity> All => _ended;

        public IEnumerable<Activity> Of(string name) => _ended.Where(span => span.OperationName == name);

        public List<Activity> Below(Activity parent) => [.. _ended.Where(span => span.TraceId == parent.TraceId && span.ParentSpanId == parent.SpanId)];

        public void Dispose() => _listener.Dispose();
    }
}
