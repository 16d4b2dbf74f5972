using Npgsql;
using Polly;
using Polly.Retry;

namespace Pup.Client.Connections;

/// <summary>The client's few connections to the database.</summary>
internal sealed class ClientDatabase : IDisposable, IAsyncDisposable
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);

    private readonly Lazy<NpgsqlDataSource> _source;

    // A server that was restarted has ended all connections of the pool; each of them fails once.
    private readonly ResiliencePipeline _reading = Retrying(3);
    private readonly ResiliencePipeline _waiting;

    public ClientDatabase(PupClientOptions options)
    {
        _source = new(() => Open(options));
        _waiting = Retrying(Math.Max(3, (int)(options.Patience / _longestPause)));
    }

    /// <summary>Reads, and reads again when a connection was lost.</summary>
    /// <param name="read">What to read.</param>
    /// <param name="patient">Whether a server that is not there is waited for, for as long as patience lasts.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<T> ReadAsync<T>(Func<NpgsqlDataSource, CancellationToken, Task<T>> read, bool patient, CancellationToken cancellationToken) =>
        await (patient ? _waiting : _reading).ExecuteAsync(async token => await read(_source.Value, token), cancellationToken);

    public void Dispose()
    {
        if (_source.IsValueCreated)
            _source.Value.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        if (_source.IsValueCreated)
            await _source.Value.DisposeAsync();
    }

    private static ResiliencePipeline Retrying(int attempts) => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<NpgsqlException>(static exception => exception.IsTransient),
            Delay = TimeSpan.FromMilliseconds(50),
            MaxDelay = _longestPause,
            BackoffType = DelayBackoffType.Exponential,
            MaxRetryAttempts = attempts,
        })
        .Build();

    private static NpgsqlDataSource Open(PupClientOptions options)
    {
        if (options.ConnectionString.Length == 0)
            throw new InvalidOperationException("There is no database to ask: set DATABASE_URL to postgres://user:password@host:5432/database, or Pup:ConnectionString.");
        var builder = DatabaseConnection.Parse(options.ConnectionString, "pup client");
        builder.Pooling = true;
        builder.MinPoolSize = 0;
        builder.MaxPoolSize = options.Connections;
        builder.ConnectionIdleLifetime = 60;
        builder.ConnectionLifetime = 300;
        builder.MaxAutoPrepare = 32;
        builder.AutoPrepareMinUsages = 2;
        return DatabaseConnection.CreateDataSource(builder);
    }
}
