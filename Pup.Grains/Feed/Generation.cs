using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>
/// The life of one look session. Mark, pages and in-memory positions live no longer than it does, and connections
/// opened under it are never used by a later one: what is idle when it ends is closed then, what is in use when it is given back. The
/// pool itself is the silo's, so that its bound holds also while statements of an earlier generation hang.
/// </summary>
/// <param name="number">1, 2, 3, … within this process.</param>
/// <param name="key">The random advisory-lock key that the look session holds exclusively.</param>
/// <param name="dataSource">The silo's pool, bounded by its budget.</param>
internal sealed class Generation(long number, long key, NpgsqlDataSource dataSource) : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private volatile bool _disposed;

    public long Number => number;

    public long Key => key;

    /// <exception cref="ObjectDisposedException">The generation is over.</exception>
    public NpgsqlDataSource DataSource => _disposed ? throw new ObjectDisposedException(nameof(Generation)) : dataSource;

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
        _disposed = true;
        dataSource.Clear();
        // The source of the token is not disposed: workers may still register on it.
    }
}
