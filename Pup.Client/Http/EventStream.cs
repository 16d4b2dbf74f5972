using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pup.Client.Http.Routes;
using Pup.Client.Operations;

namespace Pup.Client.Http;

/// <summary>Turns what goes on into server-sent events.</summary>
internal static class EventStream
{
    public const string Status = "status";
    public const string Progress = "progress";

    /// <summary>It will not come to its end: the projection stopped, or is gone.</summary>
    public const string Refused = "refused";

    /// <summary>Something went wrong meanwhile; where the stream goes on, it will tell again.</summary>
    public const string Trouble = "trouble";

    /// <summary>There is nothing more to tell. A stream that ceases without it was cut.</summary>
    public const string End = "end";

    private static readonly SseItem<string> _end = new("{}", End);
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    // Said again though nothing changed, so that whoever is in between sees that the line is in use.
    private const int SilentTicks = 15;

    /// <summary>Asks once a second, until there is no answer or nobody listens any more, and tells what has changed.</summary>
    public static async IAsyncEnumerable<SseItem<string>> FollowAsync(
        SseItem<string> first, Func<CancellationToken, Task<SseItem<string>?>> askAsync, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return first;
        using var timer = new PeriodicTimer(_interval, time);
        var (told, silent) = (first.Data, 0);
        while (await TickAsync(timer, cancellationToken) && await AskAsync(askAsync, cancellationToken) is { } item)
        {
            if (item.Data == told && ++silent < SilentTicks)
                continue;
            (told, silent) = (item.Data, 0);
            yield return item;
            if (item.EventType == Refused)
                break;
        }

        if (!cancellationToken.IsCancellationRequested)
            yield return _end;
    }

    /// <summary>Passes on what a source yields; its first item was taken before the answer began, so that a refusal has a status of its own.</summary>
    public static async IAsyncEnumerable<SseItem<string>> PassAsync<T>(IAsyncEnumerator<T> source, JsonTypeInfo<T> type, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var _ = source;
        SseItem<string>? item = Item(source.Current, type, name);
        while (item is { } present)
        {
            yield return present;
            // The source is at its end; whoever still wants to know asks anew.
            if (present.EventType == Trouble)
                yield break;
            item = present.EventType == Refused
                ? null
                : await AskAsync(async _ => await source.MoveNextAsync() ? Item(source.Current, type, name) : null, cancellationToken);
        }

        if (!cancellationToken.IsCancellationRequested)
            yield return _end;
    }

    public static SseItem<string> Item<T>(T value, JsonTypeInfo<T> type, string name) => new(JsonSerializer.Serialize(value, type), name);

    private static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Null when nobody listens any more, and at the end.
    private static async Task<SseItem<string>?> AskAsync(Func<CancellationToken, Task<SseItem<string>?>> askAsync, CancellationToken cancellationToken)
    {
        try
        {
            return await askAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is ProjectionRefusedException or ProjectionNotFoundException)
        {
            return Item(new StreamProblem(e.Message), HttpJson.Default.StreamProblem, Refused);
        }
        catch (Exception e) when (Problems.Of(e, cancellationToken) is { } problem)
        {
            return Item(new StreamProblem(problem.ProblemDetails.Detail), HttpJson.Default.StreamProblem, Trouble);
        }
    }
}
