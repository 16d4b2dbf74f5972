using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>
/// The life of one look session. Mark, pages and in-memory positions live no longer than it does, and connections
/// opened under it are never used by a later one.
/// </summary>
/// <param name="number">1, 2, 3, … within this process.</param>
/// <param name="key">The random advisory-lock key that the look session holds exclusively.</param>
/// <param name="dataSource">Connections of this generation only; bounded by the silo's budget.</param>
internal sealed class Generation(long number, long key, NpgsqlDataSource dataSource) : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();

    public long Number => number;

    public long Key => key;

    public NpgsqlDataSource DataSource => dataSource;

    /// <summary>Cancelled when the generation is over.</summary>
    public CancellationToken Ended => _ended.Token;

    public void ThrowIfEnded()
    {
        if (_ended.IsCancellationRequested)
            throw new GenerationEndedException(number);
    }

    public Task EndAsync() => _ended.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await dataSource.DisposeAsync();
        // The source itself is not disposed: workers may still register on its token.
    }
}
