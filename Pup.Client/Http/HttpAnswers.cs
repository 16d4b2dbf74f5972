using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Mvc;
using Pup.Client.Http.Routes;
using Pup.Client.Operations;

namespace Pup.Client.Http;

/// <summary>Sends requests, and makes of their answers what the cluster would have answered, its errors included.</summary>
internal sealed class HttpAnswers(HttpClient client, Uri address)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);
    private const int Attempts = 30;

    public HttpClient Client => client;

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, type, _patience, cancellationToken);

    /// <summary>Null where the answer is that problem.</summary>
    public async Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> type, string absent, CancellationToken cancellationToken)
        where T : class
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, HttpCompletionOption.ResponseContentRead, _patience, cancellationToken);
        if (answer.IsSuccessStatusCode)
            return await ReadAsync(answer, type, cancellationToken);
        return await ProblemOfAsync(answer, cancellationToken) is { Type: { } problem } && problem == absent ? null : throw await ErrorOfAsync(answer, path, cancellationToken);
    }

    public async Task<T> SendAsync<T>(
        HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(method, path, content, HttpCompletionOption.ResponseContentRead, patience, cancellationToken);
        return answer.IsSuccessStatusCode ? await ReadAsync(answer, type, cancellationToken) : throw await ErrorOfAsync(answer, path, cancellationToken);
    }

    public async Task SendAsync(HttpMethod method, string path, HttpContent? content, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(method, path, content, HttpCompletionOption.ResponseContentRead, patience, cancellationToken);
        if (!answer.IsSuccessStatusCode)
            throw await ErrorOfAsync(answer, path, cancellationToken);
    }

    /// <summary>
    /// The events of a stream until it says that it is at its end. One that ceases before is taken up again: the line was cut, or the
    /// process stopped and leaves its place to another.
    /// </summary>
    /// <param name="path">Where it is.</param>
    /// <param name="type">What its events are.</param>
    /// <param name="over">The problem that says that there is nothing to follow any more.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<T> FollowAsync<T>(string path, JsonTypeInfo<T> type, string? over, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var answer = await OpenAsync(path, attempt, cancellationToken);
            if (answer is { IsSuccessStatusCode: false } && over is not null && (await ProblemOfAsync(answer, cancellationToken))?.Type == over)
                yield break;
            if (answer is { IsSuccessStatusCode: false } && (answer.StatusCode != HttpStatusCode.ServiceUnavailable || attempt >= Attempts))
                throw await ErrorOfAsync(answer, path, cancellationToken);
            if (answer is { IsSuccessStatusCode: true })
            {
                await using var items = ItemsAsync(answer, cancellationToken).GetAsyncEnumerator(cancellationToken);
                while (await HasNextAsync(items))
                {
                    if (items.Current.EventType == EventStream.End)
                        yield break;
                    attempt = 0;
                    if (items.Current.EventType == EventStream.Refused)
                        throw new ProjectionRefusedException(JsonSerializer.Deserialize(items.Current.Data, HttpJson.Default.StreamProblem)?.Detail ?? "It was given up.");
                    if (items.Current.EventType != EventStream.Trouble)
                        yield return JsonSerializer.Deserialize(items.Current.Data, type)!;
                }
            }

            await Task.Delay(_pause, cancellationToken);
        }
    }

    private static async IAsyncEnumerable<SseItem<string>> ItemsAsync(HttpResponseMessage answer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
            yield return item;
    }

    private static async Task<bool> HasNextAsync(IAsyncEnumerator<SseItem<string>> items)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return false;
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new HttpRequestException("The answer is empty.");
        }
        catch (JsonException e)
        {
            // The page of a proxy, or of whatever else is there.
            throw new HttpRequestException($"{address.GetLeftPart(UriPartial.Authority)} answered with something that is not Pup's.", e);
        }
    }

    private async Task<HttpResponseMessage?> OpenAsync(string path, int attempt, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, path, null, HttpCompletionOption.ResponseHeadersRead, _patience, cancellationToken);
        }
        catch (ClusterUnavailableException) when (attempt < Attempts)
        {
            return null;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content, HttpCompletionOption completion, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(address, path)) { Content = content };
        // A change is refused without it, also where there is nothing to say.
        if (content is null && method != HttpMethod.Get)
            request.Content = new ByteArrayContent([]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            return await client.SendAsync(request, completion, limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ClusterUnavailableException($"{address.GetLeftPart(UriPartial.Authority)} did not answer within {patience.TotalSeconds:0} s.", e);
        }
        catch (HttpRequestException e)
        {
            throw new ClusterUnavailableException($"{address.GetLeftPart(UriPartial.Authority)} cannot be reached: {e.Message}", e);
        }
    }

    private async Task<Exception> ErrorOfAsync(HttpResponseMessage answer, string path, CancellationToken cancellationToken)
    {
        var problem = await ProblemOfAsync(answer, cancellationToken);
        var detail = problem?.Detail ?? $"{address.GetLeftPart(UriPartial.Authority)} answered {(int)answer.StatusCode} {answer.ReasonPhrase}.";
        return problem?.Type switch
        {
            Problems.NoProjection => new ProjectionNotFoundException(Uri.UnescapeDataString(path.Split('/')[0])),
            Problems.Refused => new ProjectionRefusedException(detail),
            _ when answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new UnauthorizedAccessException(detail),
            _ when answer.StatusCode == HttpStatusCode.ServiceUnavailable => new ClusterUnavailableException(detail),
            _ when answer.StatusCode == HttpStatusCode.BadRequest => new ArgumentException(detail),
            _ => new HttpRequestException(detail, null, answer.StatusCode),
        };
    }

    private static async Task<ProblemDetails?> ProblemOfAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return null;
        // Buffered, since it may be asked for again.
        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        try
        {
            return await answer.Content.ReadFromJsonAsync<ProblemDetails>(cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
