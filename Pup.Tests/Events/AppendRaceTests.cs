using Npgsql;
using Pup.Client.Events;
using Pup.Tests.Support;
using static Pup.Tests.Events.EventStoreFixture;

namespace Pup.Tests.Events;

public sealed class AppendRaceTests(PostgresServer server)
{
    private const int Writers = 16;
    private const int Rounds = 10;

    [Fact]
    public async Task Sixteen_writers_of_Any_all_succeed_and_leave_no_gap()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var store = new EventStore(database.DataSource);

        var results = await Task.WhenAll(Enumerable.Range(0, Writers).Select(async _ =>
        {
            var mine = new List<AppendResult>();
            for (var round = 0; round < Rounds; round++)
                mine.Add(await store.AppendAsync("hot", ExpectedVersion.Any, Some(3)));
            return mine;
        }));

        var versions = results.SelectMany(mine => mine).SelectMany(result => new[] { result.FirstVersion, result.FirstVersion + 1, result.LastVersion });
        Assert.Equal(Enumerable.Range(1, Writers * Rounds * 3).Select(version => (long)version), versions.Order());
        await AssertWholeAsync(database, store, Writers * Rounds * 3);
    }

    [Fact]
    public async Task Of_sixteen_writers_of_Exact_one_wins_each_round_and_the_others_learn_the_version()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var store = new EventStore(database.DataSource);

        for (var version = 0; version < Rounds; version++)
        {
            var attempts = await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => TryAsync(store, ExpectedVersion.Exact(version))));

            Assert.Single(attempts, error => error is null);
            Assert.All(attempts.OfType<OptimisticConcurrencyException>(), error => Assert.Equal(version + 1, error.ActualVersion));
            Assert.Equal(Writers - 1, attempts.OfType<OptimisticConcurrencyException>().Count());
        }

        await AssertWholeAsync(database, store, Rounds);
    }

    [Fact]
    public async Task Writers_that_use_pupsourcings_own_statements_race_without_deadlock_or_gap()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var store = new EventStore(database.DataSource);

        var ours = Enumerable.Range(0, Writers / 2).Select(async _ =>
        {
            var appended = 0;
            for (var round = 0; round < Rounds; round++)
                appended += await TryAsync(store, ExpectedVersion.Any) is null ? 1 : 0;
            return appended;
        });
        var theirs = Enumerable.Range(0, Writers / 2).Select(async _ =>
        {
            var appended = 0;
            for (var round = 0; round < Rounds; round++)
                appended += await GoWriter.TryAppendAsync(database.DataSource, "Sales", "Order", "hot", 1, Token) ? 1 : 0;
            return appended;
        });
        var counts = await Task.WhenAll(Task.WhenAll(ours), Task.WhenAll(theirs));

        Assert.All(counts, side => Assert.True(side.Sum() > 0, "both sides get their turns"));
        await AssertWholeAsync(database, store, counts.Sum(side => side.Sum()));
    }

    [Fact]
    public async Task An_append_after_a_Go_writers_continues_its_versions_and_the_other_way_round()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var store = new EventStore(database.DataSource);

        Assert.True(await GoWriter.TryAppendAsync(database.DataSource, "Sales", "Order", "hot", 2, Token));
        Assert.Equal(4, (await store.AppendAsync("hot", ExpectedVersion.Exact(2), Some(2))).LastVersion);
        Assert.True(await GoWriter.TryAppendAsync(database.DataSource, "Sales", "Order", "hot", 1, Token));

        await AssertWholeAsync(database, store, 5);
    }

    private static async Task<OptimisticConcurrencyException?> TryAsync(EventStore store, ExpectedVersion expected)
    {
        try
        {
            await store.AppendAsync("hot", expected, Some(1));
            return null;
        }
        catch (OptimisticConcurrencyException error)
        {
            return error;
        }
    }

    private static async Task AssertWholeAsync(TestDatabase database, EventStore store, int events)
    {
        var stream = await store.ReadAsync("hot");
        Assert.Equal(Enumerable.Range(1, events).Select(version => (long)version), stream.Select(@event => @event.AggregateVersion));
        Assert.Equal(stream.Select(@event => @event.GlobalPosition).Order(), stream.Select(@event => @event.GlobalPosition));
        Assert.Equal(events, await database.HeadAsync("hot"));
    }
}
