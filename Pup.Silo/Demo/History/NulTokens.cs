namespace Pup.Silo.Demo.History;

/// <summary>Reads pieces that end with a zero byte from a stream, one at a time.</summary>
internal sealed class NulTokens(Stream stream)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    /// <summary>The next piece, or null at the end. It is valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        for (var searched = 0; ;)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)0);
            if (found >= 0)
            {
                var token = _buffer.AsMemory(_start, searched + found);
                _start += searched + found + 1;
                return token;
            }

            searched = _end - _start;
            MakeRoom();
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
                return searched == 0 ? null : throw new HistoryException("The output of git ended in the middle of an entry.");
            _end += read;
        }
    }

    private void MakeRoom()
    {
        var length = _end - _start;
        var target = length > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
        _buffer.AsSpan(_start, length).CopyTo(target);
        (_buffer, _start, _end) = (target, 0, length);
    }
}
