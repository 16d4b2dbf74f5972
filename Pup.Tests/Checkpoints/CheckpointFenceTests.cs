using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Tests.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Checkpoints;

public sealed class CheckpointFenceTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly CheckpointFence s_fence = new("orders", Epoch: 7, Position: 10, GenerationKey: 4711);

    private TestDatabase _database = null!;
    private NpgsqlConnection _look = null!;
    private NpgsqlConnection _owner = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync(server);
        await _database.ExecuteAsync("insert into projection_checkpoints (projection_name, epoch, last_global_position) values ('orders', 7, 10)");
        _look = new NpgsqlConnection(_database.ConnectionString + ";Pooling=false");
        await _look.OpenAsync();
        await _look.ExecuteAsync("select pg_advisory_lock(4711)");
        _owner = await Log.BeginAsync(_database);
    }

    public async ValueTask DisposeAsync()
    {
        await _owner.DisposeAsync();
        await _look.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task The_owner_of_a_row_that_is_as_it_left_it_passes_and_moves_it()
    {
        await RunAsync(s_fence.Lock(), s_fence.MoveTo(20));
        await _owner.ExecuteAsync("commit");

        Assert.Equal(20L, await PositionAsync());
    }

    [Theory]
    [InlineData("update projection_checkpoints set epoch = 8")]
    [InlineData("update projection_checkpoints set last_global_position = 11")]
    [InlineData("delete from projection_checkpoints")]
    public async Task A_row_that_is_not_as_its_owner_left_it_is_refused_before_anything_else_runs(string change)
    {
        await _database.ExecuteAsync(change);

        await RefusedAsync(s_fence.Lock(), new NpgsqlBatchCommand("select 'not'::int"));
    }

    [Theory]
    [InlineData("update projection_checkpoints set epoch = 8")]
    [InlineData("update projection_checkpoints set last_global_position = 11")]
    public async Task A_row_that_changes_while_the_fence_waits_for_it_is_refused_too(string change)
    {
        await using var other = await Log.BeginAsync(_database);
        await other.ExecuteAsync(change);
        var refused = RefusedAsync(s_fence.Lock());
        await Eventually.TrueAsync(
            async () => await _database.ScalarAsync<bool>("select cardinality(pg_blocking_pids($1)) > 0", _owner.ProcessID), TimeSpan.FromSeconds(10), "the fence waits");

        await other.ExecuteAsync("commit");

        await refused;
    }

    [Fact]
    public async Task Without_the_look_session_of_its_generation_a_fence_is_refused()
    {
        await _look.ExecuteAsync("select pg_advisory_unlock(4711)");

        await RefusedAsync(s_fence.Lock(), new NpgsqlBatchCommand("select 'not'::int"));
    }

    [Fact]
    public async Task A_move_in_a_transaction_that_does_not_hold_the_fence_any_more_is_refused()
    {
        await RunAsync(s_fence.Lock());
        // As a handler may do on its live connection.
        await _owner.ExecuteAsync("commit");
        await _owner.ExecuteAsync("begin");

        await RefusedAsync(s_fence.MoveTo(20));
    }

    [Theory]
    [InlineData("epoch = 8")]
    [InlineData("last_global_position = 11")]
    public async Task A_move_of_a_row_that_is_locked_but_not_as_its_owner_left_it_is_refused(string change)
    {
        await _database.ExecuteAsync($"update projection_checkpoints set {change}");
        await _owner.ExecuteAsync("select 1 from projection_checkpoints for no key update");

        await RefusedAsync(s_fence.MoveTo(20));
    }

    private async Task RunAsync(params NpgsqlBatchCommand[] commands)
    {
        await using var batch = new NpgsqlBatch(_owner);
        foreach (var command in commands)
            batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private async Task RefusedAsync(params NpgsqlBatchCommand[] commands)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(commands));
        Assert.Equal(PostgresErrorCodes.DivisionByZero, refused.SqlState);
    }

    private Task<long> PositionAsync() => _database.ScalarAsync<long>("select last_global_position from projection_checkpoints");
}
