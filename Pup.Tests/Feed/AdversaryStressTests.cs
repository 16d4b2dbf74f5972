using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

/// <summary>
/// Readers with tiny pages and a tiny cache, over a log whose writers misbehave, while look sessions and writers are
/// terminated all the time: each reader must still see each event of its scope once and in order.
/// </summary>
public sealed class AdversaryStressTests(PostgresServer server)
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("PUP_LONG") is null ? 10 : 180);

    private static readonly ProjectionScope[] s_scopes =
    [
        ProjectionScope.All,
        ProjectionScope.All,
        new(aggregateTypes: ["thing"]),
        new(eventTypes: ["Rare"]),
        new(aggregateTypes: ["other"], eventTypes: ["Happened", "Rare"]),
        new(boundedContexts: ["elsewhere"]),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_reader_misses_or_repeats_an_event_while_generations_come_and_go()
    {
        var (lost, generations) = await RunAsync(rule: null);

        Assert.Equal(0, lost);
        Assert.True(generations > 5, $"only {generations} generations: the saboteur did nothing");
    }

    [Fact]
    public async Task The_same_readers_lose_events_when_the_mark_is_what_is_visible()
    {
        var (lost, _) = await RunAsync(_ => new VisibleIsDecided());

        Assert.True(lost > 0, "the stress does not stress");
    }

    private async Task<(int Lost, long Generations)> RunAsync(Func<long?, IMarkRule>? rule)
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var database = await TestDatabase.CreateAsync(server);
        await using var running = RunningFeed.Start(
            database.ConnectionString,
            options => (options.PageSpan, options.PageBytes, options.PageCacheBytes, options.Workers) = (16, 4_000, 40_000, 2),
            rule);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var readers = s_scopes.Select(scope => new Reader(running.Feed, scope)).ToList();
        var reads = readers.Select(reader => Task.Run(() => reader.RunAsync(reading.Token))).ToList();
        var sabotage = SabotageAsync(database, new Random(seed), writing.Token);
        writing.CancelAfter(s_duration);
        await new AdversaryWriters(database, seed).RunAsync(12, writing.Token);
        await sabotage;

        var end = await database.ScalarAsync<long>("select max(global_position) from events");
        await Eventually.TrueAsync(
            () => readers.TrueForAll(reader => reader.Position >= end) || reads.Exists(read => read.IsFaulted),
            TimeSpan.FromSeconds(60),
            $"all readers reach {end}; they are at {string.Join(", ", readers.Select(reader => reader.Position))}; {running.Status}");
        await reading.CancelAsync();
        await Task.WhenAll(reads);

        var lost = 0;
        foreach (var reader in readers)
            lost += (await ExpectedAsync(database, reader.Scope)).Except(reader.Seen).Count();
        return (lost, readers[0].Generations);
    }

    // Ends the look session, or writers in the middle of whatever they do.
    private static async Task SabotageAsync(TestDatabase database, Random random, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            await Task.Delay(random.Next(50, 400), CancellationToken.None);
            await database.ExecuteAsync(random.Next(3) == 0
                ? "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'adversary' and random() < 0.3"
                : """
                  select pg_terminate_backend(a.pid) from pg_stat_activity a join pg_locks l on l.pid = a.pid
                  where a.datname = current_database() and a.application_name = 'pup' and l.locktype = 'advisory' and l.mode = 'ExclusiveLock'
                  """);
        }

        // None may hold the mark for ever: the writers' own connections end with them, prepared transactions do not.
        var left = await database.ScalarAsync<string[]>("select coalesce(array_agg(gid), '{}') from pg_prepared_xacts where database = current_database()");
        foreach (var name in left)
        {
            try
            {
                await database.ExecuteAsync($"rollback prepared '{name}'");
            }
            catch (Npgsql.PostgresException)
            {
                // Its writer has just ended it itself.
            }
        }
    }

    private static async Task<List<long>> ExpectedAsync(TestDatabase database, ProjectionScope scope)
    {
        await using var command = database.DataSource.CreateCommand("""
            select global_position from events
            where ($1 = '{}' or bounded_context = any ($1)) and ($2 = '{}' or aggregate_type = any ($2)) and ($3 = '{}' or event_type = any ($3))
            """);
        foreach (var names in new[] { scope.BoundedContexts, scope.AggregateTypes, scope.EventTypes })
            command.Parameters.Add(new() { Value = names.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(Token);
        var positions = new List<long>();
        while (await reader.ReadAsync(Token))
            positions.Add(reader.GetInt64(0));
        return positions;
    }

    private sealed class VisibleIsDecided : IMarkRule
    {
        public long Mark { get; private set; }

        public IReadOnlyList<MarkHolder> Holding => [];

        public void Observe(long visible, IReadOnlyCollection<LogWriter> writers, DateTimeOffset at) => Mark = Math.Max(Mark, visible);
    }

    private sealed class Reader(EventFeed feed, ProjectionScope scope)
    {
        private long _position;

        public ProjectionScope Scope => scope;

        public long Position => Volatile.Read(ref _position);

        public long Generations { get; private set; }

        public HashSet<long> Seen { get; } = [];

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    var generation = await feed.GenerationAsync(cancellationToken);
                    Generations++;
                    while (true)
                        Take(await feed.ReadAsync(generation, scope, _position, cancellationToken));
                }
                catch (GenerationEndedException)
                {
                    // As a worker does: goes on from its checkpoint under the next generation.
                }
                catch (Npgsql.NpgsqlException)
                {
                    // A read was cut off.
                }
                catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
                {
                }
            }
        }

        private void Take(FeedSlice slice)
        {
            Assert.Equal(_position, slice.From);
            Assert.True(slice.UpTo > slice.From, "a slice moves on");
            var last = slice.From;
            foreach (var read in slice.Events.Span)
            {
                Assert.InRange(read.Event.GlobalPosition, last + 1, slice.UpTo);
                Assert.True(Seen.Add(last = read.Event.GlobalPosition), "an event was repeated");
            }

            Volatile.Write(ref _position, slice.UpTo);
        }
    }
}
