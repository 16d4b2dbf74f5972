using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Pup.Client.Operations;

namespace Pup.Client.Http.Health;

/// <summary>Asks how the projections fare, for everybody who asks within a second at once: the route is open to all.</summary>
internal sealed class HealthProbe(IServiceScopeFactory scopes, LagThresholds thresholds, TimeProvider time)
{
    private static readonly TimeSpan _freshness = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task<HealthAnswer>? _answer;
    private long _askedAt;

    public Task<HealthAnswer> AskAsync()
    {
        lock (_lock)
        {
            if (_answer is null || (_answer.IsCompleted && time.GetElapsedTime(_askedAt) >= _freshness))
                (_answer, _askedAt) = (Task.Run(AskAnewAsync), time.GetTimestamp());
            return _answer;
        }
    }

    private async Task<HealthAnswer> AskAnewAsync()
    {
        using var limit = new CancellationTokenSource(_patience, time);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var client = scope.ServiceProvider.GetRequiredService<IProjectionClient>();
            // A statement on a line that is cut does not always see the token.
            return HealthVerdict.Of(await client.ListAsync(limit.Token).WaitAsync(_patience, time), thresholds.Of);
        }
        catch (PostgresException e)
        {
            return HealthAnswer.Failed($"The database refuses ({e.SqlState}).");
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            return HealthAnswer.Failed("The database cannot be reached.");
        }
        catch (ClusterUnavailableException)
        {
            return HealthAnswer.Failed("No silo answers.");
        }
        catch (FormatException e)
        {
            return HealthAnswer.Failed(e.Message);
        }
    }
}
