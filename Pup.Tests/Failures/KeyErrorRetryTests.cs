using Pup.Client.Events;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Failures;

public sealed class KeyErrorRetryTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private Func<string, string> _keyOf = static _ => throw new InvalidOperationException("There is no key in it.");

    [Fact]
    public async Task A_retry_of_an_event_without_a_key_fails_again_until_its_key_is_there()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(() => new KeyedLedger(key => _keyOf(key))))[0];
        await engine.CaughtUpAsync(database);

        await RetryAsync(database, runner);
        await FailedAgainAsync(database, attempts: 4, "There is no key in it.");
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ledger"));

        _keyOf = static aggregate => aggregate;
        await RetryAsync(database, runner);
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, s_patience, "applied");
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_retry_is_refused_when_the_event_belongs_to_another_key_by_now()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(() => new KeyedLedger(key => _keyOf(key))))[0];
        await engine.CaughtUpAsync(database);

        _keyOf = static _ => "tenant 7";
        await RetryAsync(database, runner);
        await FailedAgainAsync(database, attempts: 4, "its key is 'tenant 7' now");
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ledger"));
    }

    private static async Task RetryAsync(TestDatabase database, PartitionRunner runner)
    {
        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry'");
        runner.Wake();
    }

    private static async Task FailedAgainAsync(TestDatabase database, int attempts, string error)
    {
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters where attempts = $1 and requested is null", attempts) == 1,
            s_patience,
            $"{attempts} attempts");
        Assert.Contains(error, await database.ScalarAsync<string>("select error from projection_dead_letters"), StringComparison.Ordinal);
    }

    private sealed class KeyedLedger(Func<string, string> keyOf) : IKeyedProjection, IReadModelProjection
    {
        private readonly LedgerProjection _ledger = new();

        public string Name => _ledger.Name;

        public int ReadModelVersion => 1;

        public string KeyName => "tenant";

        public int KeyVersion => 1;

        public string KeyOf(PersistedEvent @event) => keyOf(@event.AggregateId);

        public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
            _ledger.PrepareReadModelAsync(storedVersion, transaction, cancellationToken);

        public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
            _ledger.HandleAsync(@event, transaction, cancellationToken);
    }
}
