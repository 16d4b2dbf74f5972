using System.Text.Json;
using Pup.Client.Events;

namespace Pup.Silo.Demo.Projections;

/// <summary>What the events of a history say.</summary>
internal readonly record struct SourcePayload(string Commit, DateTimeOffset At, string Author, long Files, long Added, long Removed)
{
    public static SourcePayload Of(PersistedEvent @event)
    {
        var json = new Utf8JsonReader(@event.Payload.Span);
        string commit = "", author = "";
        long at = 0, files = 0, added = 0, removed = 0;
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName)
                continue;
            if (json.ValueTextEquals("commit"u8) && json.Read())
                commit = json.GetString()!;
            else if (json.ValueTextEquals("author"u8) && json.Read())
                author = json.GetString()!;
            else if (json.ValueTextEquals("at"u8) && json.Read())
                at = json.GetInt64();
            else if (json.ValueTextEquals("files"u8) && json.Read())
                files = json.GetInt64();
            else if (json.ValueTextEquals("added"u8) && json.Read())
                added = NumberOrZero(ref json);
            else if (json.ValueTextEquals("removed"u8) && json.Read())
                removed = NumberOrZero(ref json);
        }

        return new SourcePayload(commit, DateTimeOffset.FromUnixTimeSeconds(at), author, files, added, removed);
    }

    private static long NumberOrZero(ref Utf8JsonReader json) => json.TokenType == JsonTokenType.Number ? json.GetInt64() : 0;
}
