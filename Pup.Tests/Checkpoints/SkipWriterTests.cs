using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pup.Grains;
using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;
using Pup.Tests.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Checkpoints;

public sealed class SkipWriterTests(PostgresServer server) : IAsyncLifetime
{
    private readonly SkipWriter _writer = new(new PupOptions(), TimeProvider.System, NullLogger<SkipWriter>.Instance);
    private TestDatabase _database = null!;
    private NpgsqlConnection _look = null!;
    private NpgsqlDataSource _pool = null!;
    private Generation _generation = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync(server);
        await _database.ExecuteAsync("insert into projection_checkpoints (projection_name, epoch, last_global_position) values ('mine', 1, 10), ('other', 2, 10)");
        _look = new NpgsqlConnection(_database.ConnectionString + ";Pooling=false");
        await _look.OpenAsync();
        await _look.ExecuteAsync("select pg_advisory_lock(4711)");
        _pool = NpgsqlDataSource.Create(_database.ConnectionString);
        _generation = new Generation(1, 4711, _pool);
    }

    public async ValueTask DisposeAsync()
    {
        await _generation.DisposeAsync();
        await _pool.DisposeAsync();
        await _look.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Rows_of_this_owner_are_moved_and_no_other()
    {
        var doubts = new List<string>();
        var mine = Scanned("mine", epoch: 1, stored: 10, doubts);
        var lost = Scanned("other", epoch: 1, stored: 10, doubts);

        await _writer.WriteAsync(_generation, Token);

        Assert.Equal("mine 20, other 10", await RowsAsync());
        Assert.Equal((20, 10), (mine.Stored, lost.Stored));
        Assert.Equal(["other"], doubts);
    }

    [Fact]
    public async Task A_former_owner_of_a_row_that_still_winds_down_in_this_silo_is_in_nobodys_way()
    {
        var doubts = new List<string>();
        var former = Scanned("other", epoch: 1, stored: 10, doubts);
        var owner = Scanned("other", epoch: 2, stored: 10, []);

        await _writer.WriteAsync(_generation, Token);

        Assert.Equal("mine 10, other 20", await RowsAsync());
        Assert.Equal((10, 20), (former.Stored, owner.Stored));
        Assert.Equal(["other"], doubts);
        Assert.True(await former.HoldAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Token));
    }

    [Fact]
    public async Task A_row_that_somebody_else_moved_is_left_alone()
    {
        var doubts = new List<string>();
        Scanned("mine", epoch: 1, stored: 5, doubts);

        await _writer.WriteAsync(_generation, Token);

        Assert.Equal("mine 10, other 10", await RowsAsync());
        Assert.Equal(["mine"], doubts);
    }

    [Fact]
    public async Task A_row_that_a_batch_has_locked_is_passed_over()
    {
        Scanned("mine", epoch: 1, stored: 10, []);
        Scanned("other", epoch: 2, stored: 10, []);
        await using var batch = await Log.BeginAsync(_database);
        await batch.ExecuteAsync("select 1 from projection_checkpoints where projection_name = 'mine' for no key update");

        await _writer.WriteAsync(_generation, Token).WaitAsync(TimeSpan.FromSeconds(10), Token);

        Assert.Equal("mine 10, other 20", await RowsAsync());
    }

    [Fact]
    public async Task Without_the_look_session_of_its_generation_nothing_is_moved()
    {
        var progress = Scanned("mine", epoch: 1, stored: 10, []);
        await _look.ExecuteAsync("select pg_advisory_unlock(4711)");

        await _writer.WriteAsync(_generation, Token);

        Assert.Equal("mine 10, other 10", await RowsAsync());
        Assert.False(await progress.HoldAsync());
    }

    private CheckpointProgress Scanned(string row, long epoch, long stored, List<string> doubts)
    {
        var progress = new CheckpointProgress(row, epoch, stored, TimeProvider.System, () => doubts.Add(row));
        progress.Scan(20);
        _writer.Add(progress, _generation);
        return progress;
    }

    private Task<string> RowsAsync() =>
        _database.ScalarAsync<string>("select string_agg(projection_name || ' ' || last_global_position, ', ' order by projection_name) from projection_checkpoints");
}
