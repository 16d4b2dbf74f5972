using Npgsql;
using Pup.Client.Events;
using Pup.Tests.Support;
using static Pup.Tests.Events.EventStoreFixture;

namespace Pup.Tests.Events;

public sealed class AppendInTransactionTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private EventStore _store = null!;
    private NpgsqlConnection _connection = null!;
    private NpgsqlTransaction _transaction = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync(server);
        _store = new EventStore(_database.DataSource);
        _connection = await _database.DataSource.OpenConnectionAsync();
        _transaction = await _connection.BeginTransactionAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task The_events_are_there_when_the_caller_commits_and_not_before()
    {
        await InTransactionAsync("o1", ExpectedVersion.NoStream, Some(2));
        await InTransactionAsync("o2", ExpectedVersion.NoStream, Some(1));
        var second = await InTransactionAsync("o1", ExpectedVersion.Exact(2), Some(1));
        Assert.Equal(3, second.LastVersion);
        Assert.Equal(0, await _database.CountAsync());

        await _transaction.CommitAsync(Token);

        Assert.Equal(4, await _database.CountAsync());
        Assert.Equal(3, await _database.HeadAsync("o1"));
    }

    [Fact]
    public async Task A_rollback_takes_events_and_head_back()
    {
        await InTransactionAsync("o1", ExpectedVersion.NoStream, Some(2));

        await _transaction.RollbackAsync(Token);

        Assert.Equal(0, await _database.CountAsync());
        Assert.Equal(0, await _database.ScalarAsync<long>("select count(*) from aggregate_heads"));
        Assert.Equal(1, (await _store.AppendAsync("o1", ExpectedVersion.NoStream, Some(1))).LastVersion);
    }

    [Fact]
    public async Task A_writer_noticed_only_at_the_insert_is_a_conflict_with_both_versions_and_aborts_the_transaction()
    {
        await _store.AppendAsync("o1", ExpectedVersion.NoStream, Some(1));
        await using var other = await _database.DataSource.OpenConnectionAsync(Token);
        await using var faster = await other.BeginTransactionAsync(Token);
        await _store.AppendAsync("Sales", "Order", "o1", ExpectedVersion.Exact(1), Some(2), faster, Token);

        var slower = InTransactionAsync("o1", ExpectedVersion.Exact(1), Some(1));
        await Eventually.TrueAsync(
            async () => await _database.ScalarAsync<long>("select count(*) from pg_locks where not granted") > 0,
            TimeSpan.FromSeconds(10),
            "the slower append waits for the faster");
        await faster.CommitAsync(Token);

        var error = await Assert.ThrowsAsync<OptimisticConcurrencyException>(() => slower);
        Assert.Equal((ExpectedVersion.Exact(1), 3L), (error.ExpectedVersion, error.ActualVersion));
        await using var any = new NpgsqlCommand("select 1", _connection, _transaction);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => any.ExecuteScalarAsync(Token));
        Assert.Equal(PostgresErrorCodes.InFailedSqlTransaction, refused.SqlState);
    }

    [Fact]
    public async Task A_conflict_seen_before_the_insert_is_told_with_both_versions_too()
    {
        await _store.AppendAsync("o1", ExpectedVersion.NoStream, Some(3));

        var error = await Assert.ThrowsAsync<OptimisticConcurrencyException>(() => InTransactionAsync("o1", ExpectedVersion.Exact(2), Some(1)));

        Assert.Equal(3, error.ActualVersion);
    }

    [Fact]
    public async Task A_repeat_within_the_callers_own_transaction_is_a_duplicate()
    {
        var repeated = An();
        await InTransactionAsync("o1", ExpectedVersion.Any, [repeated]);

        await Assert.ThrowsAsync<DuplicateEventException>(() => InTransactionAsync("o2", ExpectedVersion.Any, [repeated]));
    }

    [Fact]
    public async Task A_savepoint_of_the_callers_outlives_a_conflict()
    {
        var known = An();
        await _store.AppendAsync("o1", ExpectedVersion.NoStream, known);
        await _transaction.SaveAsync("before", Token);
        await Assert.ThrowsAsync<DuplicateEventException>(() => InTransactionAsync("o2", ExpectedVersion.Any, [known]));

        await _transaction.RollbackAsync("before", Token);
        await InTransactionAsync("o2", ExpectedVersion.NoStream, Some(1));
        await _transaction.CommitAsync(Token);

        Assert.Equal(2, await _database.CountAsync());
    }

    [Fact]
    public async Task Conflicts_in_every_connection_of_the_pool_at_once_end_without_details_rather_than_hang()
    {
        await using var small = NpgsqlDataSource.Create(_database.ConnectionString + ";Maximum Pool Size=1;Timeout=60");
        var store = new EventStore(small);
        var known = An();
        await store.AppendAsync("o1", ExpectedVersion.NoStream, known);
        await using var only = await small.OpenConnectionAsync(Token);
        await using var transaction = await only.BeginTransactionAsync(Token);

        var error = await Assert.ThrowsAsync<DuplicateEventException>(
            () => store.AppendAsync("Sales", "Order", "o2", ExpectedVersion.Any, [known], transaction, Token));

        Assert.Null(error.EventId);
    }

    [Fact]
    public async Task A_transaction_that_has_ended_is_refused_in_words()
    {
        await _transaction.CommitAsync(Token);
        await _transaction.DisposeAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => InTransactionAsync("o1", ExpectedVersion.Any, Some(1)));
    }

    private Task<AppendResult> InTransactionAsync(string id, ExpectedVersion expected, IReadOnlyList<Event> events) =>
        _store.AppendAsync("Sales", "Order", id, expected, events, _transaction, Token);
}
