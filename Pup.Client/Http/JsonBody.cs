using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Pup.Client.Http;

/// <summary>Reads what was sent.</summary>
internal static class JsonBody
{
    private const int MostText = 1_000;

    /// <exception cref="MalformedRequestException">It is not what the route takes.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, type, request.HttpContext.RequestAborted)
                ?? throw new MalformedRequestException("The body must be a JSON object, and is null.");
        }
        catch (JsonException e)
        {
            throw new MalformedRequestException($"The body is not what this route takes. {e.Message}");
        }
    }

    /// <summary>A text that the database can compare with.</summary>
    /// <exception cref="MalformedRequestException">It is none.</exception>
    public static string? Text(string? text, string name)
    {
        if (text is null)
            return null;
        if (text.Length > MostText)
            throw new MalformedRequestException($"{name} is longer than {MostText} characters.");
        return text.Contains('\0', StringComparison.Ordinal) || !IsUnicode(text)
            ? throw new MalformedRequestException($"{name} contains what is no character.")
            : text;
    }

    private static bool IsUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[++i])))
                return false;
        }

        return true;
    }
}
