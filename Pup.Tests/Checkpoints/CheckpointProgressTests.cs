using Microsoft.Extensions.Time.Testing;
using Pup.Grains.Checkpoints;

namespace Pup.Tests.Checkpoints;

public sealed class CheckpointProgressTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly CheckpointProgress _progress;
    private int _doubts;

    public CheckpointProgressTests() => _progress = new CheckpointProgress("orders", 1, 10, _time, () => _doubts++);

    [Fact]
    public async Task Progress_that_was_not_written_yet_is_taken_back_before_a_fence()
    {
        _progress.Scan(20);

        Assert.True(await _progress.HoldAsync());

        Assert.Null(_progress.TryBegin(TimeSpan.FromMinutes(1)));
        Assert.Equal((10, 20), (_progress.Stored, _progress.Scanned));
    }

    [Fact]
    public async Task A_write_in_flight_is_awaited_and_its_position_is_gone_on_from()
    {
        _progress.Scan(20);
        var move = _progress.TryBegin(TimeSpan.FromMinutes(1));
        var held = _progress.HoldAsync().AsTask();
        Assert.False(held.IsCompleted);

        _progress.Written(20);

        Assert.True(await held);
        Assert.Equal((10, 20), (move!.Value.Stored, move.Value.UpTo));
        Assert.Equal(20, _progress.Stored);
    }

    [Fact]
    public async Task After_a_write_of_unknown_outcome_both_positions_are_its_own_and_no_other()
    {
        _progress.Scan(20);
        _progress.WriteInDoubt(_progress.TryBegin(TimeSpan.FromMinutes(1))!.Value);

        Assert.Null(_progress.TryBegin(TimeSpan.FromMinutes(1)));
        Assert.False(await _progress.HoldAsync());
        Assert.False(_progress.TryAdopt(15));
        Assert.True(_progress.TryAdopt(10));
        // It may still arrive after the row was read.
        Assert.True(_progress.TryAdopt(20));
        Assert.True(await _progress.HoldAsync());
        Assert.False(_progress.TryAdopt(10));
    }

    [Fact]
    public void An_idle_row_is_touched_now_and_then()
    {
        Assert.Null(_progress.TryBegin(TimeSpan.FromMinutes(1)));

        _time.Advance(TimeSpan.FromMinutes(1));

        var touch = _progress.TryBegin(TimeSpan.FromMinutes(1))!.Value;
        Assert.Equal(touch.Stored, touch.UpTo);
    }

    [Fact]
    public void A_write_that_hit_no_row_raises_a_doubt()
    {
        _progress.Scan(20);
        _progress.TryBegin(TimeSpan.FromMinutes(1));

        _progress.Written(null);

        Assert.Equal(1, _doubts);
        Assert.Equal(10, _progress.Stored);
    }
}
